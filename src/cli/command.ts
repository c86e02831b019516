/**
 * The declaration of a command: parsing, help, shell completion and docs/reference/cli.md are made from it.
 * A command imports what it does when it runs, so that help and completion start without Kafka and RocksDB.
 */
export type Command = {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly description: string;
  readonly argument?: Argument;
  readonly options: Options;
  readonly example: string;
  /** What each exit code means. */
  readonly exitCodes: { readonly [code: number]: string };
  run(values: Values, argument: string, commands: readonly Command[]): Promise<void>;
};

/** The argument beside the name of the command. */
export type Argument = {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  /** The only values; absent where it is a file. */
  readonly choices?: readonly string[];
};

export type Options = { readonly [name: string]: Option };

export type Option = {
  /** The name of its value in the help, such as FILE; a flag has none. */
  readonly value?: string;
  readonly description: string;
  readonly isRequired?: true;
  readonly default?: string;
  /** Another option without which this one is an error. */
  readonly requires?: string;
};

export type Values = { readonly [option: string]: string | boolean | undefined };

type ValueOf<Of extends Option> = Of extends { readonly value: string }
  ? Of extends { readonly isRequired: true } | { readonly default: string }
    ? string
    : string | undefined
  : boolean;

type Declared<Of extends Options> = Omit<Command, "options" | "run"> & {
  readonly options: Of;
  run(
    values: { readonly [name in keyof Of]: ValueOf<Of[name]> },
    argument: string,
    commands: readonly Command[],
  ): Promise<void>;
};

/** Checks that a command uses its values with the types that its options give them. */
export function command<const Of extends Options>(declared: Declared<Of>): Command {
  return declared;
}

export const CONFIG = {
  config: {
    value: "FILE",
    description: "settings of the pipeline, YAML or JSON",
    isRequired: true,
  },
} as const;

export const USAGE_EXIT_CODE = {
  2: "The settings or the arguments are wrong; nothing was read.",
} as const;

export const PROGRAM = "cdc-to-segment";

/** Options of every command. */
export const HELP: Options = {
  help: { description: "print this help and exit" },
};

/** Options without a command. */
export const GLOBAL: Options = {
  help: { description: "print this help and exit; after a command, the help of the command" },
  version: { description: "print the version and exit" },
};
