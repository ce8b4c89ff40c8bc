#!/bin/bash
# Prints the digests, version 1 (docs/digest-v1.md), of the folder $1 and of every
# folder below it that counts, as records "BLIND EXACT PATH" that end with NUL. PATH
# is "." or begins with "./"; an absent digest is "-".
#
# It is the independent check of the tracker's own code, and so made of nothing but
# bash, find, sort and md5sum. It sees the tree as an unprivileged server does: a
# folder that others may not list and enter has no digests, nor has any above it.
set -feuo pipefail
export LC_ALL=C TZ=UTC
cd -- "$1"

if [[ -n $(find . -name $'*[\n\r]*' -print -quit) ]]; then
	echo "a name holds CR or LF" >&2
	exit 1
fi

# For each folder: its lines "TYPE BLIND EXACT NAME", where BLIND and EXACT are a
# file's size and date and a folder's digests.
declare -A lines absent

md5() { local sum; sum=$(printf '%s' "$1" | md5sum); echo "${sum%% *}"; }

# -depth gives what is in a folder before the folder itself.
while IFS=' ' read -r -d '' kind mode size date path; do
	# read strips the blanks at the end of the last field, so the path ends in "/".
	path=${path%/}
	parent=${path%/*}
	name=${path##*/}
	if [[ $kind == f ]]; then
		lines[$parent]+="f $size $date $name"$'\n'
		continue
	fi
	if [[ -n ${absent[$path]-} ]] || (((8#$mode & 5) != 5)); then
		printf -- '- - %s\0' "$path"
		absent[$parent]=yes
		continue
	fi
	blind='' exact=''
	if [[ -n ${lines[$path]-} ]]; then
		# The key is the name: all that follows the third blank.
		while IFS= read -r line; do
			rest=${line#* * * }
			set -- ${line%"$rest"}
			if [[ $1 == f ]]; then
				blind+="f $2 $rest"$'\n'
				exact+="f $2 $3 $rest"$'\n'
			else
				blind+="d $2 $rest"$'\n'
				exact+="d $3 $rest"$'\n'
			fi
		done < <(printf '%s' "${lines[$path]}" | sort -s -t ' ' -k 4)
	fi
	blind=$(md5 "$blind")
	exact=$(md5 "$exact")
	printf '%s %s %s\0' "$blind" "$exact" "$path"
	if [[ $path != . ]]; then
		lines[$parent]+="d $blind $exact $name"$'\n'
	fi
done < <(find . -depth ! -path '*/.*' \( -type f -o -type d \) \
	-printf '%y %m %s %TY-%Tm-%Td %p/\0')
