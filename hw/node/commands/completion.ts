/** `enrollee completion`: the script that a shell evaluates to complete commands and flags. */
import { Argument, type Command } from "commander";
import { common, type OutputFlags } from "../output.ts";

/** `whole`: the program with all its commands. */
export function addCompletion(program: Command, whole: () => Promise<Command>): void {
	const command = program
		.command("completion")
		.description('Completion of commands and flags. bash, zsh: eval "$(enrollee completion bash)"; fish: ... | source')
		.addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]));
	common(command, "the words as one JSON object instead").action(async (shell: string, { json }: OutputFlags) => {
		const words = wordsOf(await whole());
		process.stdout.write(json ? `${JSON.stringify({ event: "completion", words })}\n` : SCRIPTS[shell]!(words));
	});
}

/** What may follow a command: its flags and its own commands; "" is enrollee itself. */
type Words = Readonly<Record<string, readonly string[]>>;

function wordsOf(program: Command): Words {
	const words: Record<string, readonly string[]> = {
		"": [...program.commands.map((command) => command.name()), "--help", "--version"],
	};
	for (const command of program.commands)
		words[command.name()] = [
			...command.commands.map((sub) => sub.name()),
			...command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
			...new Set([command, ...command.commands].flatMap(({ options }) => options.flatMap(({ long }) => long ?? []))),
			"--help",
		];
	return words;
}

const SCRIPTS: Readonly<Record<string, (words: Words) => string>> = {
	bash: (words) => `_enrollee() {
	local word="\${COMP_WORDS[COMP_CWORD]}" words=""
	if [ "$COMP_CWORD" = 1 ]; then words="${words[""]!.join(" ")}"; else
	case "\${COMP_WORDS[1]}" in
${cases(words)}
	esac; fi
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _enrollee enrollee
`,
	zsh: (words) => `(( $+functions[compdef] )) || { autoload -Uz compinit && compinit }
_enrollee() {
	local words_=""
	if [ "$CURRENT" = 2 ]; then words_="${words[""]!.join(" ")}"; else
	case "$words[2]" in
${cases(words).replaceAll("words=", "words_=")}
	esac; fi
	compadd -- \${=words_}
	_files
}
compdef _enrollee enrollee
`,
	fish: (words) =>
		`${Object.entries(words)
			.map(([command, list]) => {
				const when = command === "" ? "__fish_use_subcommand" : `__fish_seen_subcommand_from ${command}`;
				return `complete -c enrollee ${command === "" ? "-f " : ""}-n '${when}' -a '${list.join(" ")}'`;
			})
			.join("\n")}\n`,
};

function cases(words: Words): string {
	return Object.entries(words)
		.filter(([command]) => command !== "")
		.map(([command, list]) => `\t${command}) words="${list.join(" ")}";;`)
		.join("\n");
}
