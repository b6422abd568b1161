#!/usr/bin/env bash
# Sets up what the tests need, then runs every test project; the last line is `N passed, N failed, N skipped`.
#   environment/test.sh [--long] [PROJECT]...
# --long adds the tests marked Category=Long. PROJECT: names under tests/; all of them where none is given.
# Exit codes: 0 all passed, 1 a test failed, 2 wrong use, 3 something is missing from the machine.
set -euo pipefail

long=0
projects=()
for argument in "$@"; do
    case $argument in
        --long) long=1 ;;
        -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
        -*) printf "test: unknown option '%s'; known: --long\n" "$argument" >&2; exit 2 ;;
        *) projects+=("${argument%/}") ;;
    esac
done
# shellcheck source=common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$root"
if [ ${#projects[@]} = 0 ]; then
    # A test project is one that references the test framework through tests/Directory.Build.props; Benchmarks is none.
    mapfile -t projects < <(find tests -mindepth 2 -maxdepth 2 -name '*.csproj' ! -path 'tests/Benchmarks/*' -printf '%h\n' | sort | sed 's#^tests/##')
fi
for project in "${projects[@]}"; do
    [ -f "tests/$project/$project.csproj" ] || { printf "test: no test project '%s' under tests/\n" "$project" >&2; exit 2; }
done

bash environment/setup.sh --test || {
    code=$?
    echo "0 passed, 1 failed, 0 skipped"
    exit $code
}
find_dotnet
results=$artifacts/test-results
rm -rf "$results"
mkdir -p "$results"
export VISIONCELL_COMMAND=$root/environment/visioncell
select=()
[ $long = 1 ] || select=(-trait- Category=Long)

passed=0 failed=0 skipped=0 failures=()
for project in "${projects[@]}"; do
    started=$SECONDS
    echo "== $project"
    report=$results/$project.xml
    code=0
    "$dotnet" "tests/$project/bin/Release/net10.0/linux-x64/$project.dll" "${select[@]}" -noLogo -noColor -result-xml "$report" 2> >(grep -v 'Could not initialize NNPACK' >&2) || code=$?
    # The runner counts in its report; a process that died before writing it, or failed outside a test, counts as one failure.
    read -r p f s e < <(python3 - "$report" <<'PYTHON'
import sys, xml.etree.ElementTree as tree
try:
    assemblies = list(tree.parse(sys.argv[1]).getroot().iter("assembly"))
except (OSError, tree.ParseError):
    assemblies = None
count = lambda name: sum(int(a.get(name, 0)) for a in assemblies)
print(*((count("passed"), count("failed"), count("skipped"), count("errors")) if assemblies is not None else (0, 0, 0, 1)))
PYTHON
    )
    if [ $((f + e)) = 0 ] && [ $code != 0 ] && [ $((p + s)) != 0 ]; then e=1; fi
    [ "$e" = 0 ] || echo "$project: the run itself failed (exit code $code), counted as $e failed"
    passed=$((passed + p)) failed=$((failed + f + e)) skipped=$((skipped + s))
    echo "== $project: $p passed, $((f + e)) failed, $s skipped in $((SECONDS - started)) s"
    [ $((f + e)) = 0 ] || failures+=("$project")
done
# What failed is said again here, where a log that was cut to its end still has it.
for project in "${failures[@]}"; do
    echo "== $project: what failed"
    python3 - "$results/$project.xml" <<'PYTHON' || echo "no report of $project"
import sys, xml.etree.ElementTree as tree
root = tree.parse(sys.argv[1]).getroot()
for failed in [*root.iter("test"), *root.iter("error")]:
    failure = failed.find("failure")
    if failure is not None:
        print(f'{failed.get("name")}: {failure.findtext("message", "")[:4000]}\n{failure.findtext("stack-trace", "")[:2000]}')
PYTHON
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
