import { Terminal } from '@xterm/headless'

const NORMAL = '\u001B[?1049l'

/** What a terminal shows, line by line, after a program wrote all that; of one that has a page of its own, that page as it was last. */
export async function screenOf(written: string, cols: number, rows: number): Promise<string> {
  const terminal = new Terminal({ cols, rows, scrollback: 100_000, allowProposedApi: true })
  const ofPage = written.indexOf(NORMAL)
  await new Promise<void>((done) => terminal.write(ofPage === -1 ? written : written.slice(0, ofPage), done))
  const { active } = terminal.buffer
  const lines: string[] = []
  for (let at = 0; at < active.length; at++) {
    const line = active.getLine(at)
    const text = line?.translateToString(true) ?? ''
    if (line?.isWrapped === true && lines.length > 0) lines[lines.length - 1] += text
    else lines.push(text)
  }
  terminal.dispose()
  return lines.join('\n').trimEnd()
}
