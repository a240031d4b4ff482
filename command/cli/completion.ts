/** `vqathinker completion`: scripts for bash, zsh and fish, made from the table of commands. */
import { Arguments, UsageError } from './arguments.ts';
import { COMMANDS, type Command, type Option, SHELLS, type Shell } from './command-table.ts';
import { STATUS } from './status.ts';

const commands: readonly Command[] = COMMANDS;
const names = commands.map(({ name }) => name);

const flagsOf = ({ name, short }: Option) => [...(short ? [`-${short}`] : []), `--${name}`];
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Options with choices, by their flags, each once. */
const chosen = (command: Command) => command.options.filter(({ choices }) => choices);

function bash(): string {
  const cases = commands.map((command) => {
    const values = chosen(command).map(
      (option) =>
        `        ${flagsOf(option).join('|')}) COMPREPLY=($(compgen -W "${option.choices!.join(' ')}" -- "$word")); return ;;`,
    );
    const flags = [...command.options.flatMap(flagsOf), '--help'].join(' ');
    const shells = command.name === 'completion' ? SHELLS.join(' ') : '';
    return [
      `    ${command.name})`,
      ...(values.length > 0 ? ['      case "$before" in', ...values, '      esac'] : []),
      `      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W "${flags}" -- "$word"))`,
      ...(shells ? [`      else COMPREPLY=($(compgen -W "${shells}" -- "$word"))`] : []),
      '      fi ;;',
    ].join('\n');
  });
  return `# bash: source <(vqathinker completion bash)
_vqathinker() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W "${names.join(' ')} --help --version" -- "$word"))
    return
  fi
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
}
complete -o default -F _vqathinker vqathinker
`;
}

/** A description inside a specification of \`_arguments\`. */
const described = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');

function zshOption(option: Option): string {
  const { name, short, value, choices, help } = option;
  const values = choices ? `(${choices.join(' ')})` : option.file ? '_files' : ' ';
  const tail = value ? `:${described(value)}:${values}` : '';
  const spec = `[${described(help)}]${tail}`;
  return short ? `{-${short},--${name}}${quoted(spec)}` : quoted(`--${name}${spec}`);
}

function zsh(): string {
  const cases = commands.map((command) => {
    const operands = command.name === 'completion' ? `1:shell:(${SHELLS.join(' ')})` : '*:file:_files';
    const specs = [...command.options.map(zshOption), quoted('--help[this list]'), quoted(operands)];
    return `    ${command.name}) _arguments ${specs.join(' ')} ;;`;
  });
  return `#compdef vqathinker
# zsh: vqathinker completion zsh > "\${fpath[1]}/_vqathinker"
_vqathinker() {
  local -a commands
  commands=(${commands.map(({ name, summary }) => quoted(`${name}:${described(summary)}`)).join(' ')})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _vqathinker ]]; then _vqathinker "$@"; else compdef _vqathinker vqathinker; fi
`;
}

function fish(): string {
  const lines = commands.flatMap(({ name, summary, options }) => {
    const within = `complete -c vqathinker -n '__fish_seen_subcommand_from ${name}'`;
    return [
      `complete -c vqathinker -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
      ...options.map(({ name: option, short, value, choices, file, help }) => {
        const after = choices ? ` -x -a ${quoted(choices.join(' '))}` : file ? ' -r -F' : value ? ' -x' : '';
        return `${within} -l ${option}${short ? ` -s ${short}` : ''}${after} -d ${quoted(help)}`;
      }),
      ...(name === 'completion' ? [`${within} -x -a ${quoted(SHELLS.join(' '))}`] : []),
    ];
  });
  return `# fish: vqathinker completion fish > ~/.config/fish/completions/vqathinker.fish\n${lines.join('\n')}\n`;
}

const SCRIPTS: Readonly<Record<Shell, () => string>> = { bash, zsh, fish };

/** @throws UsageError */
export function completion(args: readonly string[]): number {
  const [shell, ...more] = new Arguments('completion', args).operands;
  const wanted = SHELLS.find((each) => each === shell);
  if (!wanted || more.length > 0) throw new UsageError(`completion takes one of ${SHELLS.join(', ')}.`);
  process.stdout.write(SCRIPTS[wanted]());
  return STATUS.passed;
}
