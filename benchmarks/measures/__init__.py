"""One module for each measure; `benchmarks.__main__` names them as they are chosen on the command line."""
