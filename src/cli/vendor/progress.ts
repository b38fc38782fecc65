/** The progress bar. Bundled at build, and imported only by a command that draws one. */
export { default as cliProgress } from 'cli-progress'
