"""Published studies, one file each: how their raw outputs become datasets, recordings and specs."""
