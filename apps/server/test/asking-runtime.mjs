/**
 * A runtime whose program tells its events as lines of JSON, and keeps its conversation in the folder `.talk` of its home.
 *
 * @param {import('@seamark/core').RuntimeAdapter} plain What it is made from.
 * @returns {import('@seamark/core').RuntimeAdapter}
 */
export function asking(plain) {
  return {
    ...plain,
    name: 'asking',
    guarantees: { ...plain.guarantees, takes: 'prompt' },
    async prepare({ prompt = '', resume }) {
      const env = { PROMPT: prompt, RESUME: resume?.id ?? '', ANSWER: resume?.answer?.text ?? '' }
      return { argv: ['node', 'agent.mjs'], env, files: [], stdin: 'none', keeps: ['.talk'] }
    },
    async *drive(access, _task, state) {
      let rest = ''
      let line = 0
      const seen = typeof state === 'number' ? state : 0
      for await (const bytes of access.output('stdout', 0)) {
        const lines = (rest + Buffer.from(bytes).toString('utf8')).split('\n')
        rest = lines.pop() ?? ''
        for (const text of lines) if (++line > seen) yield { event: JSON.parse(text), state: line }
      }
      await access.exit
    },
  }
}
