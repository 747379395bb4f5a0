import { harmless, harmlessDocument } from './style.ts'
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
      const { Document, visit } = await import('yaml')
      const documents = lines.map((line) => {
        const document = new Document(JSON.parse(line))
        visit(document, {
          Scalar(_, scalar) {
            const { value } = scalar
            if (typeof value !== 'string') return
            // Only there are escapes, and a block of nothing but spaces would lose some.
            if (harmless(value) !== value || value.trim() === '') scalar.type = 'QUOTE_DOUBLE'
          },
        })
        return `---\n${harmlessDocument(document.toString({ lineWidth: 0 }), 'yaml')}`
      })
      await io.out(documents.join(''))
    },
  }
}
