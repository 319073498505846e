"""Workers: other processes, on this machine or on a cluster, that do a part of a run for this one, the coordinator."""
