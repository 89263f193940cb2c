"""Files in a bucket: AWS, Supabase Storage, MinIO. Imported only when S3_BUCKET is set, for boto3 is heavy."""
