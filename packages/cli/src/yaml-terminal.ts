import type { Terminal } from './terminal.ts'

/** A terminal that writes each line of JSON as one YAML document, so that a stream of lines is a stream of documents. */
export function yamlTerminal(io: Terminal): Terminal {
  const decoder = new TextDecoder()
  let rest = ''
  return {
    ...io,
    async out(bytes) {
      rest += typeof bytes === 'string' ? bytes : decoder.decode(bytes, { stream: true })
      const lines = rest.split('\n')
      rest = lines.pop() ?? ''
      if (lines.length === 0) return
      // Loaded here: no other output needs it, and each command would start later.
      const { stringify } = await import('yaml')
      const documents = lines.map((line) => `---\n${stringify(JSON.parse(line), { lineWidth: 0 })}`)
      await io.out(documents.join(''))
    },
  }
}
