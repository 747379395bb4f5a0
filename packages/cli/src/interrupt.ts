/** Calls back at each Ctrl-C, `SIGTERM` or closed terminal, counted from 1; returns a function that stops it. */
export function onInterrupt(callback: (times: number, signal: NodeJS.Signals) => void): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  let times = 0
  let last = 0
  const handler = (signal: NodeJS.Signals) => {
    const now = performance.now()
    // One key press can arrive twice: from the terminal, and from a parent that passes it on.
    if (times > 0 && now - last < 100) return
    last = now
    callback(++times, signal)
  }
  for (const signal of signals) process.on(signal, handler)
  return () => {
    for (const signal of signals) process.off(signal, handler)
  }
}
