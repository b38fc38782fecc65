/** Ctrl-C in the midst of work: what is finished is printed whole, then the process ends as one that was interrupted. */

/** Runs `work` with a signal that SIGINT and SIGTERM abort. A second SIGINT ends the process on the spot. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  let received: NodeJS.Signals | undefined
  const interrupt = (name: NodeJS.Signals) => {
    received = name
    controller.abort()
    stopListening()
  }
  const stopListening = () => {
    for (const name of SIGNALS) process.off(name, interrupt)
  }
  for (const name of SIGNALS) process.on(name, interrupt)
  try {
    await work(controller.signal)
  } catch (error) {
    if (received === undefined) throw error
  } finally {
    stopListening()
  }
  // Not exit(130): a shell that runs us in a loop stops the loop only for one that the signal ended.
  if (received !== undefined) {
    process.kill(process.pid, received)
    await new Promise(resolve => setTimeout(resolve, 1000))
    process.exit(130)
  }
}

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
