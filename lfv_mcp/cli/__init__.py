"""The command line: argv and environment are read here and nowhere else."""
