"""The page and the API: the answers of `reading`, over HTTP."""
