# SPDX-License-Identifier: Apache-2.0
# bash completion for rf-validate

_rf_validate() {
	local word=${COMP_WORDS[COMP_CWORD]} option=""
	# bash takes --option=value apart at the =
	if [ "$word" = = ]; then
		option=${COMP_WORDS[COMP_CWORD - 1]} word=""
	elif [ "$COMP_CWORD" -ge 2 ] && [ "${COMP_WORDS[COMP_CWORD - 1]}" = = ]; then
		option=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	COMPREPLY=()
	case $option in
	--format) mapfile -t COMPREPLY < <(compgen -W "text json sarif junit github" -- "$word") ;;
	--explain)
		mapfile -t COMPREPLY < <(compgen -W "$(rf-validate --list-rules 2>/dev/null | cut -d' ' -f1)" -- "$word")
		;;
	--source-root) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
	--attest | --baseline | --write-baseline) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
	--max-errors | --annotate) ;;
	*)
		if [[ $word == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "--format= --quiet -q --stats --max-errors= --source-root= --annotate \
				--attest= --baseline= --write-baseline= --explain= --list-rules --help --version" -- "$word")
			[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace 2>/dev/null
		else
			mapfile -t COMPREPLY < <(compgen -f -X '!*.nf' -- "$word"; compgen -d -S / -- "$word")
		fi
		;;
	esac
	return 0
}
complete -o filenames -F _rf_validate rf-validate
