"""One module for each measure; `ALL` names them as they are chosen on the command line."""
