import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { secretsIn } from './look-inside.ts'
import { codex, PROGRAMS } from './real-programs.ts'
import { itemFor, keys, realServices } from './real-service.ts'
import { CHANGES, patchTo, WANTED } from './tide.ts'

const serve = realServices()
const inside = secretsIn(keys)
const mark = `ill-${randomBytes(4).toString('hex')}`

// Of three bytes each: of two cuts that follow one another one at least is inside.
const answer = '那覇'.repeat(2_000)
const cut = [6_000, 6_001].map((cutAfterBytes) => ({ answer, stream: { cutAfterBytes, deltaCharacters: 10_000 } }))

it.each(PROGRAMS)(
  '$name comes to its end where an answer is cut in the middle of a character (as root, with bubblewrap)',
  { timeout: 600_000 },
  async (program) => {
    const { read, edit } = program
    // It says so, and does not ask again.
    const givesUp = program.name === 'claude-agent-acp'
    const begun = { answer: [read('tide.mjs')] }
    const rest = [{ answer: [edit(...CHANGES.tide)] }, { answer: 'It is done.' }]
    const service = await serve({ script: { turns: [begun, ...cut, ...(givesUp ? [begun] : []), ...rest] } })
    const id = `${mark}-cut-${program.name}`
    const ran = await service.run(id, [itemFor(program, { retries: { max: givesUp ? 1 : 0 } })])
    expect(ran.code, ran.err + ran.out).toBe(0)
    expect(service.model.problems()).toEqual([])
    const delivered = ['whole', 'cut', 'cut', ...(givesUp ? ['whole'] : []), 'whole', 'whole']
    expect(service.model.calls.map((call) => call.delivered)).toEqual(delivered)
    const gaveUp = { outcome: 'failed', reason: 'agent-error', detail: 'Internal error: API Error: terminated' }
    expect(ran.dataOf('attempt.ended')).toMatchObject([...(givesUp ? [gaveUp] : []), { outcome: 'succeeded' }])
    expect(await service.told('patch', id, 'fix')).toBe(patchTo(service, { 'tide.mjs': WANTED['tide.mjs'] }))
    const run = { run: id, status: 'succeeded', items: 1 }
    expect(await service.verified(id)).toMatchObject({ verdict: 'verified', run })
  },
)

it('a program that writes its credentials into the work has none to write', { timeout: 600_000 }, async () => {
  const login =
    'printenv OPENAI_API_KEY | CODEX_HOME="$PWD/.codex" /opt/agents/node_modules/.bin/codex login --with-api-key'
  const turns = [{ answer: [codex.run('sh login.sh')] }, { answer: 'I am signed in.' }]
  const service = await serve({ script: { turns } }, { 'login.sh': `mkdir -p .codex && ${login}\n` })
  const id = `${mark}-login`
  const ran = await service.run(id, [itemFor(codex)])
  expect(ran.code, ran.err + ran.out).toBe(0)
  const patch = await service.told('patch', id, 'fix')
  expect(patch).toContain('+++ b/.codex/auth.json')
  expect(patch).toMatch(/^\+.*"OPENAI_API_KEY": *"placeholder"/m)
  expect(inside(Buffer.from(patch + ran.out + (await service.told('logs', id, 'fix'))))).toEqual([])
})
