"""Which defaults of `ple data inspect --write` should change? Twelve public tables (docs/results.md, "Starting configs").

    python3 scripts/study-defaults.py tables FOLDER          writes the CSV files (needs R and npm packages, see TABLES)
    python3 scripts/study-defaults.py run FOLDER GROUP [TABLE ...]
                                                             compares the variants of a group on each table
    python3 scripts/study-defaults.py report FOLDER          prints a row for each table, model and variant, and the rule's answer

The rule was set before any run. On one table, a variant's score is the mean, over the tasks and over single-task and PLE, of its
gain over the same model without it, in margins (`compare.margin`'s defaults: .001 AUC, 1 % of an error). Test rows judge, the mean of
five seeds, each at the rate that is best for the other seeds. A variant whose mean over the tables is at least .5, and whose
score is on no table below -1, becomes the default. Any other stays a key only if one of its gains is shown: the word of a
contrast in gains.csv is `gain`.
Boosting (examples/external/gbm.py) has a row beside, without a search.

Tables of more than 10,000 rows are cut to 10,000 rows drawn at random.
"""

import csv, json, os, subprocess, sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SEEDS = 5
ROWS = 10_000

# name: (where it comes from, tasks)
TABLES = {
    "diamonds": ("ggplot2::diamonds", ["cut", "clarity", "price"]),
    "nmes": ("AER::NMES1988", ["visits", "inpatient", "urgent"]),
    "lending": ("modeldata::lending_club", ["Class", "int_rate"]),
    "movies": ("vega-datasets/data/movies.json", ["Rotten Tomatoes Rating", "IMDB Rating"]),
    "storms": ("dplyr::storms", ["wind", "pressure"]),
    "taxi": ("modeldata::taxi", ["tip", "distance"]),
    "stops": ("carData::MplsStops", ["personSearch", "vehicleSearch"]),
    "birdstrikes": ("vega-datasets/data/birdstrikes.csv", ["damage", "cost"]),
    "flights": ("vega-datasets/data/flights-3m.parquet", ["late", "delay"]),
    "schools": ("AER::CASchools", ["read", "math"]),
    "hotel": ("modeldata::hotel_rates", ["avg_price_per_room", "parking"]),
    "attrition": ("modeldata::attrition", ["Attrition", "MonthlyIncome"]),
}

# Keys that a variant adds to the model's own search. Rates are the same for all.
RATES = [0.004, 0.008, 0.016]
VARIANTS = {
    "base": {},
    "average": {"train.average.decay": [0.99]},
    "piecewise 8": {"inputs.numeric": ["piecewise"], "inputs.bins": [8]},
    "piecewise 16": {"inputs.numeric": ["piecewise"], "inputs.bins": [16]},
    "muon": {"train.optimizer.type": ["muon"]},
}
# A comparison has the base and one group.
GROUPS = {"inputs": ["average", "piecewise 8", "piecewise 16"], "optimizer": ["muon"]}
MODELS = {
    "single-task": {"type": "single-task", "levels": [[64], [32]], "tower": [16]},
    "ple": {"type": "ple", "levels": [[64], [32]], "tower": [16], "experts": {"shared": 1, "task": 1}},
}


def tables(folder: Path) -> None:
    import pandas
    import pyarrow.parquet as parquet

    def frame(source: str):
        if "::" in source:
            file = folder / "table.tmp"
            package, name = source.split("::")
            code = f'data({name}, package="{package}"); write.csv(as.data.frame({name}), "{file}", row.names=FALSE, na="")'
            if package in ("ggplot2", "dplyr"):
                code = f'write.csv(as.data.frame({source}), "{file}", row.names=FALSE, na="")'
            subprocess.run(["Rscript", "-e", code], check=True)
            return pandas.read_csv(file, dtype=str, keep_default_na=False)
        subprocess.run(["npm", "install", "--silent", "--no-save", "vega-datasets@3"], cwd=folder, check=True)
        path = folder / "node_modules" / source
        if path.suffix == ".json":
            return pandas.DataFrame(json.loads(path.read_text()))
        return pandas.read_csv(path) if path.suffix == ".csv" else parquet.read_table(path).to_pandas()

    for name, (source, _) in TABLES.items():
        rows = derived(name, frame(source))
        if len(rows) > ROWS:
            rows = rows.sample(ROWS, random_state=1)
        rows.to_csv(folder / f"{name}.csv", index=False)
        print(name, *rows.shape, flush=True)


def derived(name: str, rows):
    """Labels that a table does not have as a column, without the columns that they come from."""

    def yes(condition):
        return condition.map({True: "yes", False: "no"})

    if name == "nmes":
        rows["inpatient"], rows["urgent"] = yes(rows.hospital.astype(int) > 0), yes(rows.emergency.astype(int) > 0)
        return rows.drop(columns=["hospital", "emergency", "nvisits", "ovisits", "novisits"])
    if name == "birdstrikes":
        rows["damage"], rows["cost"] = yes(rows["Effect Amount of damage"].notna() & (rows["Effect Amount of damage"] != "None")), yes(rows["Cost Total $"] > 0)
        return rows.drop(columns=["Effect Amount of damage", "Cost Other", "Cost Repair", "Cost Total $"])
    if name == "flights":
        rows["late"], rows["month"] = yes(rows.delay > 15), rows.date.dt.month
        rows["weekday"], rows["hour"] = rows.date.dt.day_name(), rows.date.dt.hour + rows.date.dt.minute / 60
        return rows.drop(columns=["date"])
    if name == "hotel":
        rows["parking"] = yes(rows.required_car_parking_spaces.astype(float) > 0)
        return rows.drop(columns=["required_car_parking_spaces"])
    return rows


def run(folder: Path, group: str, names: list[str]) -> None:
    for name in names or TABLES:
        tasks = [word for task in TABLES[name][1] for word in ("--task", task)]
        ple = ["node", str(ROOT / "bin/ple.js")]
        config = subprocess.run([*ple, "data", "inspect", f"{name}.csv", "--write", *tasks], cwd=folder, check=True, text=True, stdout=subprocess.PIPE).stdout
        (folder / f"{name}.yaml").write_text(config)
        models = [
            {"label": f"{model} {variant}", **keys, "tune": {"train.optimizer.learningRate": RATES, **VARIANTS[variant]}}
            for model, keys in MODELS.items()
            for variant in ["base", *GROUPS[group]]
        ]
        if group == "inputs":
            models.append({"label": "boosting", "type": "external", "command": f"{sys.executable} {ROOT}/examples/external/gbm.py"})
        contrasts = [[f"{model} {variant}", f"{model} base"] for model in MODELS for variant in GROUPS[group]]
        compare = {"models": models, "contrasts": contrasts, "seeds": SEEDS, "tuneSeed": "cross-fit"}
        overrides = [f"name={name}-{group}", *(f"compare.{key}={json.dumps(value)}" for key, value in compare.items())]
        subprocess.run([*ple, "compare", "--config", f"{name}.yaml", "--jobs", "2", *overrides], cwd=folder, check=True)


def gains(folder: Path):
    """Rows of every comparison's gains.csv, with its table."""
    for name in TABLES:
        for group in GROUPS:
            file = folder / "runs" / f"{name}-{group}" / "gains.csv"
            if file.exists():
                with file.open() as lines:
                    yield from ({"table": name, **row} for row in csv.DictReader(lines))


def report(folder: Path) -> None:
    rows = [row for row in gains(folder) if row["margin"] or not row["reference"]]  # without the mean over tasks
    print("table,model,task,metric,mean,together,gain,low,high,margin,word")
    for row in rows:
        if row["family"] == "models" or row["reference"].endswith(" base"):
            # A contrast's row has the gain over the same model without the variant; the others that over single-task.
            keys = ("table", "label", "task", "metric", "mean", "together", "gain", "simultaneousLow", "simultaneousHigh", "margin", "part")
            print(",".join(row[key] for key in keys))
    contrasts = [row for row in rows if row["reference"].endswith(" base") and row["family"] != "models"]
    for variant in (variant for group in GROUPS.values() for variant in group):
        own = [row for row in contrasts if row["label"].split(" ", 1)[1] == variant]
        scores = {}
        for name in TABLES:
            margins = [float(row["gain"]) / float(row["margin"]) for row in own if row["table"] == name]
            if margins:
                scores[name] = sum(margins) / len(margins)
        if not scores:
            continue
        mean, worst = sum(scores.values()) / len(scores), min(scores, key=scores.get)
        shown = sum(row["part"] == "gain" for row in own)
        answer = "default" if mean >= 0.5 and scores[worst] >= -1 else "key" if shown else "no key"
        print(f"# {variant}: {mean:+.2f} margins over {len(scores)} tables, worst {worst} {scores[worst]:+.2f}, {shown} of {len(own)} gains shown: {answer}", file=sys.stderr)
        print(f"#   {', '.join(f'{name} {score:+.1f}' for name, score in scores.items())}", file=sys.stderr)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["tables", folder]:
            tables(Path(folder))
        case ["run", folder, group, *names]:
            run(Path(folder), group, names)
        case ["report", folder]:
            report(Path(folder))
        case _:
            sys.exit(__doc__)
