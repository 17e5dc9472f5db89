#!/bin/sh
# Starts Alertmanager with what the variables ALERTS_* say, because it reads no variables itself. Without any it sends
# nothing, and alerts are seen on its page. Arguments are handed on to it.
set -eu
umask 077

here=$(cd "$(dirname "$0")" && pwd)
folder=${ALERTS_FOLDER:-/tmp}
newline='
'

say() {
    printf '%s\n' "start.sh: $1" >&2
}

# A value as sed has to put it between the single quotes of a YAML text.
quoted() {
    printf '%s' "$1" | sed -e "s/'/''/g" -e 's/[\\&|]/\\&/g'
}

mail_to=${ALERTS_MAIL_TO:-}
server=${ALERTS_SMTP_SERVER:-}
user=${ALERTS_SMTP_USER:-}
tls=${ALERTS_SMTP_TLS:-true}
slack_url=${ALERTS_SLACK_URL:-}
channel=${ALERTS_SLACK_CHANNEL:-}

for value in "$mail_to" "${ALERTS_MAIL_FROM:-}" "$server" "$user" "$channel"; do
    case $value in
    *"$newline"*)
        say 'A variable ALERTS_* has more than one line; write it in one. Alertmanager was not started.'
        exit 1
        ;;
    esac
done

has_mail=yes
if [ -z "$mail_to" ]; then
    has_mail=no
    [ -z "$server" ] || say 'No mail is sent: ALERTS_SMTP_SERVER is set, but ALERTS_MAIL_TO is not.'
else
    case $server in
    ?*:[0-9]*) ;;
    *)
        has_mail=no
        say "No mail is sent: ALERTS_SMTP_SERVER is '$server', but must be a host and a port, as mail.example.org:587."
        ;;
    esac
    case $tls in
    true | false) ;;
    *)
        say "ALERTS_SMTP_TLS is '$tls', but must be true or false; it is taken as true."
        tls=true
        ;;
    esac
fi

has_slack=yes
case $slack_url in
https://?* | http://?*) ;;
'') has_slack=no ;;
*)
    has_slack=no
    say 'Nothing is sent to Slack: ALERTS_SLACK_URL must be the address of a webhook, and begin with https://.'
    ;;
esac

mkdir -p "$folder"
if [ "$has_mail" = no ] || [ -z "$user" ]; then has_user=no; else has_user=yes; fi
if [ "$has_slack" = no ] || [ -z "$channel" ]; then has_channel=no; else has_channel=yes; fi
if [ "$has_user" = yes ]; then printf '%s' "${ALERTS_SMTP_PASSWORD:-}" >"$folder/smtp_password"; fi
if [ "$has_slack" = yes ]; then printf '%s' "$slack_url" >"$folder/slack_url"; fi
unset ALERTS_SMTP_PASSWORD ALERTS_SLACK_URL slack_url

leave_out() {
    if [ "$1" = no ]; then printf '/ # %s$/d\n' "$2"; fi
}

{
    leave_out "$has_mail" mail
    leave_out "$has_user" user
    leave_out "$has_slack" slack
    leave_out "$has_channel" channel
    printf "s|(smtp_smarthost:) .*|\\\\1 '%s'|\n" "$(quoted "$server")"
    printf "s|(smtp_from:) .*|\\\\1 '%s'|\n" "$(quoted "${ALERTS_MAIL_FROM:-${mail_to%%,*}}")"
    printf "s|(smtp_require_tls:) .*|\\\\1 %s|\n" "$tls"
    printf "s|(smtp_auth_username:) .*|\\\\1 '%s'|\n" "$(quoted "$user")"
    printf "s|(smtp_auth_password_file:) .*|\\\\1 '%s'|\n" "$(quoted "$folder/smtp_password")"
    printf "s|(slack_api_url_file:) .*|\\\\1 '%s'|\n" "$(quoted "$folder/slack_url")"
    printf "s|^( +- to:) .*|\\\\1 '%s'|\n" "$(quoted "$mail_to")"
    printf "s|^( +channel:) .*|\\\\1 '%s'|\n" "$(quoted "$channel")"
    printf "s|^( +-) templates/.*|\\\\1 '%s'|\n" "$(quoted "$here/templates/*.tmpl")"
} >"$folder/values.sed"
sed -E -f "$folder/values.sed" "$here/alertmanager.yml" >"$folder/alertmanager.yml"
rm "$folder/values.sed"

say "Alerts are sent by mail: $has_mail; to Slack: $has_slack."
# Debian gives it another name.
command=alertmanager
command -v "$command" >/dev/null || command=prometheus-alertmanager
exec "$command" --config.file="$folder/alertmanager.yml" "$@"
