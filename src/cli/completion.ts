import { Argument, Command, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { catalogue } from '../support/catalogue.js';
import { exitCode } from '../support/errors.js';
import { must } from '../support/must.js';
import { defineCommand, examples } from './command.js';
import { shippedNames } from './input/shipped-configs.js';

/** What may follow: configs (files, and names of those that come with this program), folders, any file, or one of these words. */
type Value = 'config' | 'folder' | 'file' | readonly string[];

interface Words {
  /** `data inspect`. Empty for the program itself. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly { readonly flag: string; readonly about: string; readonly value: Value | undefined }[];
  readonly argument: Value | undefined;
}

const shells = catalogue<{ name: string; script: (all: readonly Words[]) => string }>('shell', [
  { name: 'bash', script: bash },
  { name: 'zsh', script: zsh },
  { name: 'fish', script: fish },
]);

const words = () =>
  new Command('completion')
    .description('Print a script with which a shell completes commands, options and files.')
    .addArgument(
      new Argument('<shell>', 'the shell').choices(shells.names).argParser((word: string) => shells.get(word)),
    )
    .addHelpText(
      'after',
      examples(
        'source <(ple completion bash)     # in ~/.bashrc',
        'source <(ple completion zsh)      # in ~/.zshrc, after compinit',
        'ple completion fish | source      # in config.fish',
      ),
    );

/** Prints a completion script on stdout, generated from the definitions of all commands. */
export const completion = defineCommand(words, ({ script }, _options, command) => {
  process.stdout.write(script(wordsOf(must(command.parent ?? undefined, 'parent of a command'), '')));
  return exitCode.done;
});

function wordsOf(command: CommandUnknownOpts, path: string): Words[] {
  const { commands, registeredArguments } = command;
  const [argument] = registeredArguments;
  const below = commands.map((child) => ({ child, path: `${path} ${child.name()}`.trim() }));
  const shown = command.createHelp().visibleOptions(command);
  return [
    {
      path,
      commands: commands.map((child) => ({ name: child.name(), about: child.description() })),
      options: shown.map(({ long, flags, description, argChoices }) => {
        const value = /[<[]([^>\]]+)/.exec(flags)?.[1];
        return {
          flag: long ?? flags,
          about: description,
          value: long === '--config' ? 'config' : value === undefined ? undefined : whatFollows(value, argChoices),
        };
      }),
      argument: argument && whatFollows(argument.name(), argument.argChoices),
    },
    ...below.flatMap(({ child, path }) => wordsOf(child, path)),
  ];
}

/** Completion by the name that help shows. The first override may be a config file. */
function whatFollows(name: string, choices: readonly string[] | undefined): Value {
  if (choices) return choices;
  if (name === 'name') return shippedNames();
  if (name === 'config' || name === 'key.path=value') return 'config';
  if (['dir', 'run', 'path', 'left', 'right'].includes(name)) return 'folder';
  return name === 'file' ? 'file' : [];
}

function bash(all: readonly Words[]): string {
  const reply = (value: Value | undefined) => {
    if (value === 'config') return `_ple_files "*.y?(a)ml"; _ple_names ${quoted(shippedNames().join(' '))}`;
    if (value === 'folder') return '_ple_files ""';
    if (value === 'file') return '_ple_files "*"';
    return `_ple_words ${quoted((value ?? []).join(' '))}`;
  };
  const steps = all.filter(({ path }) => path !== '').map(({ path }) => quoted(path));
  const cases = all.flatMap(({ path, commands, options, argument }) => [
    ...options.flatMap(({ flag, value }) => (value ? [`    ${quoted(`${path}:${flag}`)}) ${reply(value)};;`] : [])),
    `    ${quoted(`${path}:`)}*)`,
    `      if [[ $cur == -* ]]; then _ple_words ${quoted(options.map(({ flag }) => flag).join(' '))}`,
    `      else ${commands.length > 0 ? reply(commands.map(({ name }) => name)) : reply(argument)}; fi;;`,
  ]);
  return `# Completion of ple for bash: source <(ple completion bash)
_ple_words() { mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur"); }
# Folders, and files of a pattern.
_ple_files() {
  compopt -o filenames 2>/dev/null
  local file
  while IFS= read -r file; do
    if [[ -d $file || ( -n $1 && $file == $1 ) ]]; then COMPREPLY+=("$file"); fi
  done < <(compgen -f -- "$cur")
}
_ple_names() { mapfile -t -O "\${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "$1" -- "$cur"); }
_ple() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path='' word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    word="\${path:+$path }$word"
    case $word in ${steps.join('|')}) path=$word;; esac
  done
  case $path:$prev in
${cases.join('\n')}
  esac
}
complete -F _ple ple
`;
}

function zsh(all: readonly Words[]): string {
  const action = (value: Value | undefined) => {
    if (value === 'config') return `{_files -g "*.y(a|)ml"; compadd -- ${shippedNames().join(' ')}}`;
    if (value === 'folder') return '_files -/';
    if (value === 'file') return '_files';
    return `(${(value ?? []).join(' ')})`;
  };
  const about = (text: string) => text.replace(/[[\]:\\]/g, '\\$&');
  const functions = all.map(({ path, commands, options, argument }) => {
    const lines = options.map(
      ({ flag, about: text, value }) =>
        `    ${quoted(`${flag}[${about(text)}]${value ? `:value:${action(value)}` : ''}`)} \\`,
    );
    const listed = commands.map(({ name, about: text }) => quoted(`${name}:${about(text)}`)).join(' ');
    const rest =
      commands.length > 0
        ? `    '1:command:->command' '*::word:->words'
  case $state in
    command) local -a commands=(${listed}); _describe command commands;;
    words) (( $+functions[${functionName(path)}_$line[1]] )) && ${functionName(path)}_$line[1];;
  esac`
        : `    ${quoted(argument ? `*:word:${action(argument)}` : '*: :()')}`;
    return `${functionName(path)}() {
  local state line
  _arguments -C \\
${[...lines, rest].join('\n')}
}`;
  });
  return `#compdef ple
# Completion of ple for zsh: source <(ple completion zsh)
${functions.join('\n')}
compdef _ple ple
`;
}

function functionName(path: string): string {
  return ['_ple', ...path.split(' ').filter((word) => word !== '')].join('_');
}

function fish(all: readonly Words[]): string {
  const rule = (condition: string, ...words: readonly string[]) =>
    `complete -c ple -n ${quoted(condition)} ${words.join(' ')}`;
  const action = (value: Value | undefined) => {
    if (value === undefined) return [];
    if (value === 'config') return ['-k', '-a', `'(__fish_complete_suffix .yaml) ${shippedNames().join(' ')}'`];
    if (value === 'folder') return ['-a', `'(__fish_complete_directories)'`];
    return value === 'file' ? ['-F'] : ['-a', quoted(value.join(' '))];
  };
  const lines = all.flatMap(({ path, commands, options, argument }) => {
    const names = commands.map(({ name }) => name).join(' ');
    const seen = path.split(' ').filter((word) => word !== '');
    const here = [
      ...seen.map((word) => `__fish_seen_subcommand_from ${word}`),
      ...(names === '' ? [] : [`not __fish_seen_subcommand_from ${names}`]),
    ].join('; and ');
    return [
      ...commands.map(({ name, about }) => rule(here, '-a', name, '-d', quoted(about))),
      ...options.map(({ flag, about, value }) =>
        rule(
          here,
          '-l',
          flag.slice(2),
          ...(value ? [value === 'file' ? '-r' : '-x'] : []),
          ...action(value),
          '-d',
          quoted(about),
        ),
      ),
      ...(argument ? [rule(here, ...action(argument))] : []),
    ];
  });
  return `# Completion of ple for fish: ple completion fish | source\ncomplete -c ple -f\n${lines.join('\n')}\n`;
}

/** Quotes a text for a shell. Apostrophes become typographic ones, so that nothing must be escaped. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`;
}
