/** A bar on standard error, in `format` (cli-progress). Whatever ends the process gives the terminal its cursor back. */
export async function makeBar(format: string) {
  const { cliProgress } = await import('./vendor/progress.ts')
  const bar = new cliProgress.SingleBar({
    format,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  })
  const stop = () => {
    if (bar.isActive) bar.stop()
  }
  process.once('exit', stop)
  return { bar, stop }
}
