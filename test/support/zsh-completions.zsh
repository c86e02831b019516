# Prints what zsh offers for a command line: zsh --no-rcs zsh-completions.zsh SCRIPT "cdc-to-segment ru"
# An interactive zsh in a pseudo-terminal completes the line; its `compadd` prints the matches.
zmodload zsh/zpty
zpty shell "zsh --no-rcs -i"

zpty -w shell "source ${(q)0:A:h}/zsh-print-matches.zsh ${(q)1}"
zpty -r shell output $'*ready\r\n*' || exit 1
zpty -n -w shell "$2"$'\t'
zpty -r shell output $'*<matches>*</matches>*' || exit 1
output=${output#*<matches>}
print -r -- ${${output%%</matches>*}//$'\r'/}
zpty -d shell
