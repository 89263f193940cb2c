"""What Redis does for us when REDIS_URL is set; every part has a twin that needs none."""
