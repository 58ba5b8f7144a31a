# Reaches the next host with the user's own ssh, and gives it `next` to run. Told: mark, here (a
# socket), there (as the next host knows what it leads to, or comes from), leads (-R: to the broker,
# from there; -L: to a worker that listens, from here), next, hop (not empty: this is a host on the
# way), and ssh's arguments as $@.
set -f
say() {
    set -- $*  # what others say may have lines
    printf '%s %s\n' "$mark" "$*"
}
fail() { say fail "$@"; exit 1; }
command -v ssh >/dev/null 2>&1 || fail tool ssh
if [ -n "$hop" ]; then
    [ "$leads" = -L ] || [ -S "$here" ] || fail forwarding
    say hop
fi
known="
$(ssh -G "$@" </dev/null 2>/dev/null)
"
says() {
    case $known in
        *"
$1
"*) return 0 ;;
    esac
    return 1
}
# A host that is gone is noticed, unless the user has settled how.
! says 'serveraliveinterval 0' || set -- -o ServerAliveInterval=5 -o ServerAliveCountMax=2 "$@"
! says 'connecttimeout none' || set -- -o ConnectTimeout=15 "$@"
# A connection that is there is used, and none is left behind for others.
ends=$there:$here
[ "$leads" = -R ] || ends=$here:$there
set -- -T -o BatchMode=yes -o ControlMaster=no -o RemoteCommand=none "$leads" "$ends" "$@" "$next"
[ -n "$hop" ] || exec ssh "$@"
trap 'rm -f "$here"' HUP INT TERM
ssh "$@"
code=$?
rm -f "$here"
exit "$code"
