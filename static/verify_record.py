import hashlib, json, sys
H = lambda x: hashlib.sha256(json.dumps(x, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
record, previous = json.load(open(sys.argv[1], encoding="utf-8")), "0" * 64
for n, e in enumerate(record["entries"], 1):
    parts = {"sequence": n, "previous_hash": previous, "facts_hash": H(e["facts"]), "private_hash": e["private_hash"]}
    private_fits = e["private"] is None or H(e["private"]) == e["private_hash"]
    if not private_fits or H(parts) != e["hash"] or e != {**e, **parts}:
        sys.exit(f"Entry {n} is not as it was written.")
    previous = e["hash"]
print("All entries fit, newest hash", previous) if previous == record["head_hash"] else sys.exit("The end is missing.")
