# Reaches the next host with the user's own ssh, and gives it `next` to run. Told: mark, here (the
# socket that leads to the broker), there (its name on the next host), next, hop (not empty: this is
# a host on the way), and ssh's arguments as $@.
set -f
say() {
    set -- $*  # what others say may have lines
    printf '%s %s\n' "$mark" "$*"
}
fail() { say fail "$@"; exit 1; }
command -v ssh >/dev/null 2>&1 || fail tool ssh
if [ -n "$hop" ]; then
    [ -S "$here" ] || fail forwarding
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
set -- -T -o BatchMode=yes -o ControlMaster=no -o RemoteCommand=none -R "$there:$here" "$@" "$next"
[ -n "$hop" ] || exec ssh "$@"
trap 'rm -f "$here"' HUP INT TERM
ssh "$@"
code=$?
rm -f "$here"
exit "$code"
