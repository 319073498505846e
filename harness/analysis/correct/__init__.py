"""Human labels of some items and judgments of all, put together."""
