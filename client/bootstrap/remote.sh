# Runs a worker here, from the cache of programs or from what the client sends. Told: mark, socket
# (that leads to the broker), system, program (its id), size (of its tar), loader (empty: it needs
# none), and the worker's arguments as $@.
set -f
say() {
    set -- $*  # what others say may have lines
    printf '%s %s\n' "$mark" "$*"
}
new=
tidy() {
    rm -f "$socket"
    [ -z "$new" ] || rm -rf "$new"
}
fail() {
    tidy
    say fail "$@"
    exit 1
}
trap 'tidy; exit 1' HUP INT TERM
here="$(uname -s) $(uname -m)"
say here "$here"
for tool in cat mkdir mv rm sha256sum tar; do
    command -v "$tool" >/dev/null 2>&1 || fail tool "$tool"
done
[ "$here" = "$system" ] || fail system "$here"
[ -S "$socket" ] || fail forwarding
[ -n "$HOME" ] && cd || fail home
base=${XGRID_CACHE_HOME:-${XDG_CACHE_HOME:-$HOME/.cache}/xgrid}/programs
text=$(mkdir -p "$base" 2>&1) || fail write - "$text"
dir=$base/$program
free() { df -Pk "$base" 2>/dev/null | { read -r _ && read -r _ _ _ kilobytes _ && echo "$kilobytes"; } || echo -; }

# The folder is there only when all of it is. Others may be bringing the same.
if [ ! -d "$dir" ]; then
    new=$base/.new-$mark
    text=$(mkdir "$new" 2>&1) || fail write "$(free)" "$text"
    unpack=cat
    ! command -v gzip >/dev/null 2>&1 || unpack='gzip -dc'
    say need "$unpack"
    read -r length || fail end
    text=$({ head -c "$length" | $unpack >"$new/.tar"; } 2>&1) || fail write "$(free)" "$text"
    sum=$({ printf 'blob %s\0' "$size" && cat "$new/.tar"; } | sha256sum)
    case $sum in
        "$program "*) ;;
        *) fail damaged "$base" ;;
    esac
    text=$(tar -xf "$new/.tar" -C "$new" 2>&1) || fail write "$(free)" "$text"
    rm -f "$new/.tar"
    [ -d "$dir" ] || mv "$new" "$dir"
    rm -rf "$new" "$dir/.new-$mark"
    [ -d "$dir" ] || fail write - "$dir"
    new=
fi
touch "$dir"
# The last few stay; what was broken off is a day old.
ls -t "$base" 2>/dev/null | tail -n +4 | while read -r old; do
    mv "$base/$old" "$base/.old-$mark" 2>/dev/null && rm -rf "$base/.old-$mark"
done
find "$base" -maxdepth 1 -name '.*-*' -mtime +0 -exec rm -rf {} + 2>/dev/null

run() {
    if [ -n "$loader" ]; then
        "$dir/$loader" --library-path "$dir" "$dir/xgrid" "$@"
    else
        "$dir/xgrid" "$@"
    fi
}
text=$(run version </dev/null 2>&1) || fail start $? "$dir" "$text"
say start
run worker --broker "ipc://$socket" "$@"
code=$?
tidy
say end "$code"
exit "$code"
