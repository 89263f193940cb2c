"""Letters in words: templates of plugins, rendered by Jinja in a sandbox."""
