"""Checks project packages with the standard's own checker, libcoveoc4ids.

    python check_packages.py PACKAGE.json...

Schema and codelists are those of the fixtures beside this file, served from 127.0.0.1; nothing is asked of any other
host. Exit status 1 when a package has an error, 2 when it was asked wrongly. What the standard merely recommends, and
codes of our own in its open codelists, are printed and are no errors.
"""

import functools
import http.server
import json
import pathlib
import socket
import sys
import threading

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "oc4ids"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


def stay_on_this_machine():
    """The checker is told where the schema lies; if it ever looks elsewhere, that has to be seen."""
    connect = socket.socket.connect

    def only_here(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in ("127.0.0.1", "::1"):
            raise OSError(f"asked of another host: {address[0]}")
        return connect(self, address)

    socket.socket.connect = only_here


def serve(folder):
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"


def problems(path, config):
    """The errors of one package, and what is merely worth a look."""
    from libcoveoc4ids.api import oc4ids_json_output

    try:
        package = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        return [f"cannot be read: {error}"], []
    if not isinstance(package, dict) or not package.get("projects"):
        return ["there are no projects"], []
    result = oc4ids_json_output(json_data=package, lib_cove_oc4ids_config=config)
    wrong = []
    for kind, places in result.get("validation_errors", []):
        about = json.loads(kind)
        where = ", ".join(place.get("path", "") for place in places[:3])
        wrong.append(f"{about.get('message', kind)} ({len(places)} times; {where})")
    for place, found in (result.get("additional_closed_codelist_values") or {}).items():
        wrong.append(f"{place}: not in the codelist {found['codelist']}: {', '.join(sorted(found['values']))}")
    if result.get("additional_fields_count"):
        fields = sorted(str(field) for field in result["additional_fields"])
        wrong.append(f"fields that the standard does not have: {', '.join(fields)}")
    worth = []
    for place, found in (result.get("additional_open_codelist_values") or {}).items():
        worth.append(f"{place}: our own: {', '.join(sorted(found['values']))}")
    for check, found in (result.get("additional_checks") or {}).items():
        worth.append(f"{check}: {len(found)}")
    return wrong, worth


def main(paths):
    if not paths:
        print(__doc__, file=sys.stderr)
        return 2
    stay_on_this_machine()
    from libcoveoc4ids.config import LibCoveOC4IDSConfig

    base = serve(FIXTURES)
    config = LibCoveOC4IDSConfig(
        {
            "schema_version": "0.9",
            "schema_version_choices": {"0.9": ("0.9", base)},
            "schema_host": base,
            "schema_codelists": {"0.9": f"{base}codelists/"},
        }
    )
    status = 0
    for name in paths:
        wrong, worth = problems(pathlib.Path(name), config)
        print(f"{name}: {'valid' if not wrong else f'{len(wrong)} errors'}")
        for line in worth:
            print(f"  {line}")
        for line in wrong:
            print(f"  ERROR {line}")
        if wrong:
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
