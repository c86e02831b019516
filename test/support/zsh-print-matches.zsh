# Sourced by the interactive zsh of zsh-completions.zsh, with the completion script as its argument.
PROMPT= RPROMPT= PS2=
unsetopt zle_bracketed_paste 2> /dev/null
autoload -Uz compinit
compinit -u -D
source "$1"
bindkey '^I' complete-word
compprefuncs=(begin-matches)
comppostfuncs=(end-matches)
begin-matches() { print -r -- '<matches>' }
end-matches() { print -r -- '</matches>' }
compadd() {
  # Called for an array of matches, not to offer them.
  if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
    builtin compadd "$@"
    return
  fi
  local -a matches
  builtin compadd -A matches "$@"
  (( $#matches )) || return 1
  print -rl -- $matches
  builtin compadd "$@"
}
print ready
