/** The argument parser. Bundled at build, so that the package depends on nothing. */
export { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
