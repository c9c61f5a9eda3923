#!/usr/bin/env python3
"""Times the county pack's SQL in DuckDB beside `kandeng screen`, over the same Parquet files.

Which rules: those whose SQL, and whose shared tables' SQL, call no function of ours (docs/functions.md)
and read nothing that the engine derives (`items`). Their SQL is taken from the rule files and mapped to
DuckDB's dialect word by word (see `translate`); parameters and `$as_of` become literals.

What each side does: DuckDB opens the files, makes the shared tables once and runs the rules, row checks
over one table as one SELECT, and counts their rows; the time runs from its first connection and leaves
out the start of Python. Kandeng's time is that of the whole process with the same rules: it also hashes
the files, checks codes, counts three answers for each rule and subject, writes sentences, fingerprints
and JSON. Runs alternate; the middle one counts. Then the subjects found are compared rule by rule.

    pip install duckdb
    kandeng synth --projects 100000 --payments 20 --format parquet -o county
    python3 docs/benchmarks/against_duckdb.py county --kandeng target/release/kandeng
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

import duckdb

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACK = ROOT / "crates/supervise/rules/county"


# --- the pack -------------------------------------------------------------------------------------


class File:
    """A rule or shared table: its header's keys, and its SQL."""

    def __init__(self, path):
        self.id = path.stem
        self.head, key, body = {}, None, []
        for line in path.read_text("utf-8").splitlines():
            header = re.match(r"-- ([a-z_.]+): ?(.*)", line)
            if body or not line.startswith("--"):
                body.append(line)
            elif header:
                key = header[1]
                self.head[key] = header[2]
            else:
                self.head[key] += "\n" + line.removeprefix("--").strip()
        self.sql = "\n".join(line for line in body if not line.lstrip().startswith("--"))
        self.params = dict(
            (name, value.strip())
            for name, value in re.findall(r"(\w+) = (\[[^\]]*\]|\"[^\"]*\"|[^,]+)", self.head.get("params", ""))
        )

    def text(self):
        """Everything that is SQL."""
        keys = ("flag_when", "figures", "applies")
        return "\n".join([self.sql, *(self.head.get(key, "") for key in keys)])

    def reads(self):
        named = set(re.findall(r"\b(?:from|join)\s+(\w+)", self.sql))
        if "over" in self.head:
            named.add(self.head["over"])
        return named


def functions_of_ours():
    page = (ROOT / "docs/functions.md").read_text("utf-8")
    return re.compile(r"\b(" + "|".join(sorted(set(re.findall(r"^\| `(\w+)\(", page, re.M)))) + r")\(")


def plain_rules():
    """Rules and shared tables (in order) that need nothing of ours; and why the others do."""
    rules = [File(path) for path in sorted(PACK.glob("*.sql"))]
    shared = {path.stem: File(path) for path in PACK.glob("shared/*.sql")}
    ours = functions_of_ours()

    def obstacle(file):
        found = ours.search(file.text())
        if found:
            return found[1]
        if "items" in file.reads():
            return "items"
        for name in sorted(file.reads() & shared.keys()):
            below = obstacle(shared[name])
            if below:
                return f"{below} (in {name})"
        return None

    order = []

    def want(name):
        for below in sorted(shared[name].reads() & shared.keys()):
            want(below)
        if shared[name] not in order:
            order.append(shared[name])

    plain, others = [], []
    for rule in rules:
        reason = obstacle(rule)
        if reason:
            others.append((rule.id, reason))
            continue
        plain.append(rule)
        for name in sorted(rule.reads() & shared.keys()):
            want(name)
    return plain, order, others


# --- the dialect ----------------------------------------------------------------------------------


def translate(sql, params, as_of):
    """DataFusion's SQL as DuckDB reads it."""
    sql = re.sub(r"\$(\w+)", lambda name: literal(name[1], params, as_of), sql)
    sql = re.sub(r"\bmake_array\(", "list_value(", sql)
    sql = re.sub(r"\bregexp_like\(", "regexp_matches(", sql)
    # A time as milliseconds.
    sql = re.sub(r"cast\(((?:\w+\.)?taken_at) as bigint\)", r"epoch_ms(\1)", sql)
    while (start := sql.find("named_struct(")) >= 0:
        inside, end = arguments(sql, start + len("named_struct("))
        pairs = zip(inside[::2], inside[1::2])
        fields = ", ".join(f"{name.strip().strip(chr(39))} := {value}" for name, value in pairs)
        sql = sql[:start] + f"struct_pack({fields})" + sql[end:]
    return sql


def literal(name, params, as_of):
    if name == "as_of":
        return f"date '{as_of}'"
    value = params[name]
    if value.startswith('"'):
        # Words end as in ASCII on the other side by itself, which has no sign for it.
        text = value[1:-1].replace("\\\\", "\\").replace("(?-u:\\b)", "\\b").replace("'", "''")
        return f"'{text}'"
    # Whole numbers have 64 bits there, 32 here.
    if re.fullmatch(r"-?\d+", value):
        return f"{value}::bigint"
    if value.startswith("["):
        return f"{value}::bigint[]"
    return value


def arguments(sql, start):
    """The arguments of a call that opens before `start`, and the place after it."""
    depth, quoted, parts, begin = 0, False, [], start
    for place in range(start, len(sql)):
        letter = sql[place]
        if letter == "'":
            quoted = not quoted
        if quoted:
            continue
        if letter in "([":
            depth += 1
        elif letter in ")]" and depth:
            depth -= 1
        elif letter == ")":
            return parts + [sql[begin:place]], place + 1
        elif letter == "," and not depth:
            parts.append(sql[begin:place])
            begin = place + 1
    raise ValueError(sql[start:])


MACROS = """
create macro array_remove(list, value) as list_filter(list, lambda element: element <> value);
create macro cardinality(list) as len(list);
"""


# --- DuckDB ---------------------------------------------------------------------------------------


def views(connection, county, plain, shared):
    """The input as the rules name it: rows numbered, the first of two projects with one code only."""
    wanted = set().union(*(file.reads() for file in plain + shared))
    names = {path.stem for path in county.glob("*.parquet")}
    connection.execute(
        f"""create temp table duplicates as
            select p.project_code, p.project_code as project, p.row_no, f.first_row_no
            from (select project_code, file_row_number + 1 as row_no
                  from read_parquet('{county}/projects.parquet', file_row_number = true)) p
            join (select project_code, min(file_row_number) + 1 as first_row_no
                  from read_parquet('{county}/projects.parquet', file_row_number = true)
                  group by project_code having count(*) > 1) f using (project_code)
            where p.row_no <> f.first_row_no"""
    )
    units = tomllib.loads((ROOT / "crates/supervise/items/units.toml").read_text("utf-8"))["allowed"]
    pairs = ", ".join(f"('{kind}', '{unit}')" for kind, units in units.items() for unit in units)
    connection.execute(f"create temp table allowed_units as select * from (values {pairs}) as t(kind, unit)")
    for name in sorted((wanted | {"projects"}) & names):
        source = f"read_parquet('{county}/{name}.parquet', file_row_number = true)"
        columns = [row[0] for row in connection.execute(f"describe select * from {source}").fetchall()]
        kept = ", ".join(f'"{column}"' for column in columns if column not in ("row_no", "file_row_number"))
        project = ", project_code as project" if "project_code" in columns else ""
        only = " where row_no not in (select row_no from duplicates)" if name == "projects" else ""
        connection.execute(
            f"create view {name} as select {kept}{project}, file_row_number + 1 as row_no from {source}{only}"
        )


def row_check_select(table, rules, as_of):
    """All row checks over a table as one SELECT, as the engine compiles them."""
    columns = []
    for rule in rules:
        columns.append(f"coalesce({translate(rule.head['flag_when'], rule.params, as_of)}, false) as {rule.id}")
        figures, _ = arguments(rule.head.get("figures", "") + ")", 0)
        for place, figure in enumerate(figures):
            expression = figure.split("=", 1)[1]
            columns.append(f"{translate(expression, rule.params, as_of)} as {rule.id}_{place}")
    flags = " or ".join(rule.id for rule in rules)
    return f"select * from (select project as subject, row_no, {', '.join(columns)} from {table}) where {flags}"


def duck(county, plain, shared, as_of, threads):
    """Runs everything; gives seconds, seconds by statement, and the connection with the rows found."""
    start = time.perf_counter()
    connection = duckdb.connect(config={"threads": threads})
    connection.execute("set integer_division = true; set enable_progress_bar = false;" + MACROS)
    views(connection, county, plain, shared)
    each = {}

    def run(name, sql):
        begin = time.perf_counter()
        try:
            connection.execute(sql)
        except duckdb.Error as error:
            sys.exit(f"{name}: {error}\n{sql}")
        each[name] = time.perf_counter() - begin

    for table in shared:
        run(table.id, f"create temp table {table.id} as {translate(table.sql, table.params, as_of)}")
    checks = {}
    for rule in plain:
        if "over" in rule.head:
            checks.setdefault(rule.head["over"], []).append(rule)
        else:
            run(rule.id, f"create temp table found_{rule.id} as {translate(rule.sql, rule.params, as_of)}")
    for table, rules in checks.items():
        run(f"row checks over {table}", f"create temp table checks_{table} as {row_check_select(table, rules, as_of)}")
    return time.perf_counter() - start, each, connection


def duck_flagged(connection, plain, as_of):
    """Subjects found, by rule, within the rule's population."""
    flagged = {}
    for rule in plain:
        if "over" in rule.head:
            rows = f"select subject from checks_{rule.head['over']} where {rule.id}"
        else:
            rows = f"select subject from found_{rule.id}"
        applies = translate(rule.head.get("applies", "true"), rule.params, as_of)
        if rule.head["subject"] == "project":
            rows = f"select project from projects where ({applies}) and project in ({rows})"
        else:
            kind = "organizations"
            rows = f"select organization_id from {kind} where ({applies}) and organization_id in ({rows})"
        flagged[rule.id] = connection.execute(f"select count(*) from ({rows})").fetchone()[0]
    return flagged


# --- Kandeng --------------------------------------------------------------------------------------


def kandeng(binary, county, plain, as_of, output):
    command = [binary, "screen", str(county), "--audience", "officer", "--as-of", as_of]
    command += ["--key", str(county / "identity.key"), "--format", "json", "-o", output]
    command += ["--only", ",".join(rule.id for rule in plain)]
    start = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("county", type=pathlib.Path, help="folder of Parquet files that `kandeng synth` wrote")
    parser.add_argument("--kandeng", default="kandeng", help="the binary")
    parser.add_argument("--as-of", default="2026-06-30")
    parser.add_argument("--threads", type=int, default=2, help="DuckDB's threads (Kandeng takes all cores)")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", help="rules, with commas between")
    parser.add_argument("--each", action="store_true", help="DuckDB's time for every statement")
    options = parser.parse_args()

    plain, shared, others = plain_rules()
    if options.only:
        plain = [rule for rule in plain if rule.id in options.only.split(",")]
        needed = set().union(*(rule.reads() for rule in plain))
        for table in reversed(shared):
            if table.id in needed:
                needed |= table.reads()
        shared = [table for table in shared if table.id in needed]
    ducks, ours = [], []
    with tempfile.NamedTemporaryFile(suffix=".json") as output:
        for _ in range(options.runs):
            seconds, each, connection = duck(options.county, plain, shared, options.as_of, options.threads)
            ducks.append(seconds)
            flagged = duck_flagged(connection, plain, options.as_of)
            connection.close()
            ours.append(kandeng(options.kandeng, options.county, plain, options.as_of, output.name))
        result = json.load(open(output.name))
    mine = {rule["id"]: rule["flagged"] for rule in result["rules"]}
    if options.each:
        for name, seconds in sorted(each.items(), key=lambda item: -item[1]):
            print(f"{seconds:9.3f} s  {name}")
    print(f"DuckDB {duckdb.__version__}, {options.threads} threads; {len(plain)} rules, {len(shared)} shared tables")
    print("left out: " + ", ".join(f"{rule} {reason}" for rule, reason in others))
    differing = [rule for rule in flagged if flagged[rule] != mine.get(rule)]
    print("subjects found: " + ", ".join(f"{rule} {count}" for rule, count in flagged.items()))
    for rule in differing:
        print(f"DIFFERS {rule}: DuckDB {flagged[rule]}, Kandeng {mine.get(rule)}")
    duck_time, our_time = statistics.median(ducks), statistics.median(ours)
    print(f"DuckDB {duck_time:.2f} s, Kandeng {our_time:.2f} s, ratio {our_time / duck_time:.2f}")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
