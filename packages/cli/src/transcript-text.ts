import type { TranscriptLine } from '@seamark/protocol'

/** Lines of a transcript as people read them: what the program said after `<`, what it was told after `>`. */
export async function* transcriptText(lines: AsyncIterable<TranscriptLine>): AsyncGenerator<string> {
  let open = false
  for await (const { from, text, more, unsure, omitted } of lines) {
    const words = text ?? `(${omitted ?? 0} bytes that are not kept)`
    const remark = unsure === true && more !== true ? ' (the program may not have this)' : ''
    yield `${open ? '' : from === 'program' ? '< ' : '> '}${words}${remark}${more === true ? '' : '\n'}`
    open = more === true
  }
}
