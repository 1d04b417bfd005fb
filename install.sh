#!/usr/bin/env bash
# Make the Python environment .venv from pinned versions, once: install.sh run | install.sh dev (tests and
# linters too) | install.sh bench (what the benchmarks compare with, too).
# A second call with the same requirements says what is there and ends at once. PYTHON=… names the interpreter to use.
set -euo pipefail
cd "$(dirname "$0")"

kind="${1:-run}"
venv="${VENV:-.venv}"
case "$venv" in -*) venv="./$venv" ;; esac
case "$kind" in
run) files=(requirements.txt) ;;
dev) files=(requirements.txt requirements-tensorboard.txt requirements-dev.txt) ;;
bench) files=(requirements.txt requirements-bench.txt) ;;
*)
    echo "install.sh: write 'install.sh run', 'install.sh dev' or 'install.sh bench'." >&2
    exit 2
    ;;
esac
stamp="$venv/.installed-$kind"

die() {
    echo "install.sh: $1" >&2
    exit 1
}

# One hash of all that decides what is installed.
wanted() {
    cat "${files[@]}" constraints.txt | cksum | tr ' ' '-'
}

fits() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

# Is there an environment, and of the Python that was asked for (if one was)?
usable() {
    local version='import sys; print(sys.version_info[:2])'
    fits "$venv/bin/python" || return 1
    [ -z "${PYTHON:-}" ] || [ "$("$PYTHON" -c "$version")" = "$("$venv/bin/python" -c "$version")" ]
}

# The first interpreter that runs (a name on the PATH may not) and is new enough.
choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        fits "$PYTHON" || die "PYTHON=$PYTHON does not run or is older than Python 3.11."
        echo "$PYTHON"
        return
    fi
    local name
    for name in python3.13 python3.12 python3.11 python3 python3.14; do
        if fits "$name"; then
            command -v "$name"
            return
        fi
    done
    die "needs Python 3.11 or newer. On Debian 12, Ubuntu 24.04 or later: sudo apt-get install python3 python3-venv"
}

# Install Debian packages if that needs no password; else give the command and stop.
system_packages() {
    local reason="$1" prefix=()
    shift
    local command="apt-get install -y --no-install-recommends $*"
    if ! command -v apt-get >/dev/null; then
        die "$reason. Install the equivalent of: $*"
    elif [ "$(id -u)" -ne 0 ]; then
        sudo -n true 2>/dev/null || die "$reason. Run: sudo $command"
        prefix=(sudo -n)
    fi
    echo "$reason: ${prefix[*]:-} $command"
    ${prefix[@]+"${prefix[@]}"} env DEBIAN_FRONTEND=noninteractive $command >/dev/null 2>&1 || {
        ${prefix[@]+"${prefix[@]}"} apt-get update >/dev/null 2>&1 || true
        ${prefix[@]+"${prefix[@]}"} env DEBIAN_FRONTEND=noninteractive $command >&2
    } || die "$reason, and apt-get failed. Run: sudo $command"
}

# Snakemake starts scripts with the interpreter's path unquoted: with a blank or another sign of the shell in it, the
# environment has to lie elsewhere, and $venv is a link to it.
place_venv() {
    local place
    rm -rf "$venv"
    local odd='*[!A-Za-z0-9_./+@%:,=-]*'
    # shellcheck disable=SC2254 # a pattern
    case "$(readlink -m "$venv")" in
    $odd) ;;
    *) return 0 ;;
    esac
    place="${XDG_CACHE_HOME:-$HOME/.cache}/scenessl/venv-$(printf '%s' "$(readlink -m "$venv")" | cksum | cut -d ' ' -f 1)"
    case "$place" in
    # shellcheck disable=SC2254
    $odd) die "neither $PWD nor $place can hold the environment, for the blanks or other signs in them. Set VENV=/path." ;;
    esac
    mkdir -p "$place"
    ln -s "$place" "$venv"
    echo "Snakemake cannot run from a path with blanks or signs of the shell: $venv is a link to $place"
}

make_venv() {
    local python="$1" version
    version="$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        system_packages "Python $version cannot make environments" "python$version-venv"
    echo "Making $venv with Python $version ($python) ..."
    place_venv
    "$python" -m venv --clear "$(readlink -m "$venv")" || die "$python -m venv failed. Remove $venv and try again, or set PYTHON."
}

install() {
    local arguments=() file
    for file in "${files[@]}"; do arguments+=(-r "$file"); done
    echo "Installing ${files[*]} into $venv (PyTorch is large: some minutes, some gigabytes) ..."
    "$venv/bin/python" -m pip install --disable-pip-version-check --quiet "${arguments[@]}" ||
        die "pip could not install ${files[*]} (see above). Check the network and run the same command again."
}

# "Python 3.11.7, torch 2.15.0, …" for every package that the requirements name.
versions() {
    "$venv/bin/python" - "${files[@]}" <<'PYTHON'
import platform
import re
import sys
from importlib.metadata import version

lines = [line for name in sys.argv[1:] for line in open(name, encoding="utf-8")]
names = [line.split("==")[0] for line in lines if re.match("[A-Za-z]", line)]
print(", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in names)]))
PYTHON
}

if ! python="$(choose_python)"; then exit 1; fi
if missing="$("$python" -m scenessl.study.preflight)"; then :; else
    [ -n "$missing" ] || die "$python cannot run scenessl.study.preflight (see above)."
    # shellcheck disable=SC2086 # a list of package names
    system_packages "The PDF needs Pango" $missing
fi

# The tests open the page in a browser; where none can be had they say so and go on without.
if [ "$kind" = dev ] && ! command -v chromium chromium-browser google-chrome >/dev/null; then
    (system_packages "The tests of the page need a browser" chromium) || echo "Going on without: those tests will be skipped." >&2
fi

if [ -f "$stamp" ] && [ "$(head -n 1 "$stamp")" = "$(wanted)" ] && usable; then
    echo "Environment $venv is ready: $(tail -n 1 "$stamp")"
    exit 0
fi
rm -f "$stamp"
usable || make_venv "$python"
install
# A test environment serves a run as well.
list="$(versions)"
if [ "$kind" = dev ]; then
    printf '%s\n%s\n' "$(cat requirements.txt constraints.txt | cksum | tr ' ' '-')" "$list" >"$venv/.installed-run"
fi
printf '%s\n%s\n' "$(wanted)" "$list" >"$stamp"
echo "Installed in $venv: $list"
