/** Shells that a completion can be made for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof SHELLS)[number]

// Each asks `seamark completion words -- WORDS` for lines of a word, a tab and what it says; the one line `:files` leaves the
// place to the shell's own completion of files.

const bash = `# Completion of seamark for bash.
_seamark() {
  local line words
  COMPREPLY=()
  words=$("\${COMP_WORDS[0]}" completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) || return
  if [ "$words" = ":files" ]; then
    compopt -o default 2>/dev/null
    return
  fi
  local current="\${COMP_WORDS[COMP_CWORD]}" option=
  # Bash breaks --output=json into three words and replaces the last one only.
  if [ "$current" = "=" ]; then current= option="\${COMP_WORDS[COMP_CWORD-1]}="
  elif [ "\${COMP_WORDS[COMP_CWORD-1]}" = "=" ]; then option="\${COMP_WORDS[COMP_CWORD-2]}="
  fi
  while IFS= read -r line; do
    line="\${line%%$'\\t'*}"
    line="\${line#"$option"}"
    case "$line" in "$current"*) [ -n "$line" ] && COMPREPLY+=("$line") ;; esac
  done <<< "$words"
}
complete -F _seamark seamark
`

const zsh = `#compdef seamark
# Completion of seamark for zsh.
_seamark() {
  local -a found
  local line words_text
  words_text=$("\${words[1]}" completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null) || return 1
  if [[ "$words_text" == ":files" ]]; then
    _files
    return
  fi
  for line in "\${(@f)words_text}"; do
    [[ -n "$line" ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe 'seamark' found
}
if [[ "\${funcstack[1]}" == "_seamark" ]]; then _seamark "$@"; else compdef _seamark seamark; fi
`

const fish = `# Completion of seamark for fish.
function __seamark_words
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] completion words -- $words[2..-1] 2>/dev/null)
  if test "$found" = ":files"
    __fish_complete_path (commandline -ct)
  else
    printf '%s\\n' $found
  end
end
complete -c seamark -f -a '(__seamark_words)'
`

/** What a shell reads to complete command lines of seamark. */
export const SCRIPTS: Readonly<Record<Shell, string>> = { bash, zsh, fish }
