/** The bar of a download on standard error, while that is a terminal: how much is here, how fast it comes, how long it takes. */
import type { DownloadEvent } from '../../source/hub/model.ts'
import { isTrue } from '../../node/hub/settings.ts'

export interface DownloadBar {
  readonly report: (event: DownloadEvent) => void
  readonly stop: () => void
}

/** Milliseconds from one drawing to the next. */
const INTERVAL = 250
const MEGABYTE = 1e6

export async function downloadBar(): Promise<DownloadBar> {
  const isHidden =
    !process.stderr.isTTY || process.env.TERM === 'dumb' || isTrue(process.env.HF_HUB_DISABLE_PROGRESS_BARS)
  if (isHidden) return { report: () => undefined, stop: () => undefined }
  const { cliProgress } = await import('../vendor/progress.ts')
  const bar = new cliProgress.SingleBar({
    format: '{file} {bar} {percentage}% | {here} of {whole} MB | {speed} MB/s | {left} left',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    stream: process.stderr,
  })
  const pace = new Pace()
  let drawn = 0
  const stop = () => {
    if (bar.isActive) bar.stop()
  }
  // Whatever ends the process gives the terminal its cursor back.
  process.once('exit', stop)
  const report = (event: DownloadEvent) => {
    if (event.status === 'done') stop()
    if (event.status === 'initiate') pace.start()
    if (event.status !== 'progress') return
    const { file, loaded, total } = event
    pace.add(loaded)
    if (performance.now() - drawn < INTERVAL) return
    drawn = performance.now()
    const state = { file, here: megabytes(loaded), whole: megabytes(total), ...pace.describe(total - loaded) }
    if (bar.isActive) bar.update(loaded, state)
    else bar.start(total, loaded, state)
  }
  return { report, stop }
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1)
}

/** Bytes a second of what came over the network: a part that was there before does not count. */
class Pace {
  #start = 0
  #first: number | undefined
  #loaded = 0

  start(): void {
    this.#start = performance.now()
    this.#first = undefined
  }

  add(loaded: number): void {
    this.#first ??= loaded
    this.#loaded = loaded
  }

  describe(missing: number): { speed: string; left: string } {
    const rate = (this.#loaded - (this.#first ?? 0)) / ((performance.now() - this.#start) / 1000)
    return { speed: megabytes(rate), left: rate > 0 ? duration(missing / rate) : '?' }
  }
}

/** `8 s`, `2:05 min`, `1:10 h`. */
function duration(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const pair = (large: number, small: number) => `${large}:${`${small}`.padStart(2, '0')}`
  if (whole < 3600) return `${pair(Math.floor(whole / 60), whole % 60)} min`
  return `${pair(Math.floor(whole / 3600), Math.floor((whole % 3600) / 60))} h`
}
