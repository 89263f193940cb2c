"""Rules of workspaces, by family: modules, what a workspace looks like, domain names."""
