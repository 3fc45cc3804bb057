# bash completion for cupel; printed by `cupel completion bash`.
_cupel() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words=""
    COMPREPLY=()
    # bash takes --flag=value for three words
    if [ "$current" = = ]; then
        current=""
    elif [ "$previous" = = ]; then
        previous=${COMP_WORDS[COMP_CWORD-2]}
    fi
    if [ "$COMP_CWORD" -eq 1 ]; then
        mapfile -t COMPREPLY < <(compgen -W "convert run check inspect verify replay describe completion version help" -- "$current")
        return
    fi
    case ${COMP_WORDS[1]}:$previous in
        convert:--from) words="auto csv tsv json ndjson jsonl" ;;
        convert:--to) words="parquet csv tsv json ndjson jsonl" ;;
        convert:--compression) words="snappy zstd gzip brotli lz4_raw none" ;;
        convert:--header) words="auto yes no" ;;
        convert:--on-type-conflict) words="widen reject fail" ;;
        convert:--progress) words="auto yes no" ;;
        convert:--log-format) words="text json" ;;
        run:--on-type-conflict) words="widen reject fail" ;;
        run:--progress) words="auto yes no" ;;
        run:--log-format) words="text json" ;;
        check:--on-type-conflict) words="widen reject fail" ;;
        check:--progress) words="auto yes no" ;;
        check:--log-format) words="text json" ;;
        inspect:--from) words="auto csv json" ;;
        inspect:--header) words="auto yes no" ;;
        verify:--progress) words="auto yes no" ;;
        verify:--log-format) words="text json" ;;
        replay:--on-type-conflict) words="widen reject fail" ;;
        replay:--progress) words="auto yes no" ;;
        replay:--log-format) words="text json" ;;
        describe:--json-schema) words="pipeline metadata" ;;
        describe:--markdown) words="pipeline metadata errors expressions" ;;
        help:help|completion:completion) words="convert run check inspect verify replay describe completion version help bash zsh" ;;
        describe:describe) words="pipeline source source.csv source.json schema quality sink sink.csv sink.json sink.parquet limits quality.weights quality.thresholds quality.rules[] quality.rules[].check quality.rules[].checksum quality.rules[].format quality.rules[].fresh quality.rules[].length quality.rules[].not_null quality.rules[].pattern quality.rules[].range quality.rules[].set quality.rules[].type transform[] transform[].cast transform[].derive transform[].drop transform[].fill transform[].filter transform[].hash transform[].mask transform[].rename transform[].select transform[].standardise" ;;
    esac
    if [ -z "$words" ] && [[ $current == -* ]]; then
        case ${COMP_WORDS[1]} in
        convert) words="--from --to --columns --type --compression --partition-by --force --receipt --json --run-id --delimiter --header --quote --null --skip-lines --comment --decimal-point --date-format --charset --threads --memory-limit --on-type-conflict --on-reject --set --quiet --progress --log-format --help" ;;
        run) words="--pipeline --run-id --metadata --ocs --allow-exec --keep-going --receipt --force --json --threads --memory-limit --on-type-conflict --on-reject --set --quiet --progress --log-format --help" ;;
        check) words="--metadata --ocs --allow-exec --plan --threads --memory-limit --on-type-conflict --on-reject --set --quiet --progress --log-format --help" ;;
        inspect) words="--rows --full --from --json --set --delimiter --header --quote --null --skip-lines --comment --decimal-point --date-format --charset --help" ;;
        verify) words="--receipt --inputs --json --quiet --progress --log-format --help" ;;
        replay) words="--pipeline --name --run-id --allow-exec --receipt --force --json --threads --memory-limit --on-type-conflict --on-reject --set --quiet --progress --log-format --help" ;;
        describe) words="--json --json-schema --markdown --man --help" ;;
        completion) words="--help" ;;
        version) words="--verbose --help" ;;
        help) words="--help" ;;
        esac
    fi
    [ -z "$words" ] || mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _cupel cupel
