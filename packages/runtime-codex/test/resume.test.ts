import { PROMPTED as task, endOf, jsonLines as lines } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { codex } from '../src/index.ts'
import { hear, program } from './said.ts'

const opening = [program.hello(), program.thread(), program.began()]

describe('a conversation that is gone on with', () => {
  const answer = { question: { id: 'q', text: 'Which?' }, text: 'Blue' }
  const resumed = { ...task, resume: { id: 's1', answer } }

  it('is opened by its id, held to the same, and told the answer', async () => {
    const { keeps } = await codex().prepare(resumed)
    expect(keeps).toEqual(['.codex/sessions'])
    const { events, wrote } = await hear(lines(...opening, program.end()), {}, { task: resumed })
    expect(events).toContainEqual(expect.objectContaining({ type: 'conversation', id: 's1', resumed: true }))
    const about = { approvalPolicy: 'untrusted', sandbox: 'read-only', cwd: '/w', threadId: 's1' }
    expect(wrote[2]).toMatchObject({ method: 'thread/resume', params: about })
    expect(JSON.stringify(wrote[3])).toMatch(/"turn\/start".*Which\?.*Blue/)
    expect(JSON.stringify(wrote)).not.toContain('do it')
  })

  it('is asked to go on where nothing was asked', async () => {
    const more = { task: { ...task, resume: { id: 's1' } } }
    const { wrote } = await hear(lines(...opening, program.end()), {}, more)
    expect(JSON.stringify(wrote[3])).toMatch(/"text":"[^"]*Go on/)
  })

  it('tells no usage of the attempts before', async () => {
    const turn = [program.used(30, 3), program.began(), program.used(70, 5), program.end()]
    const { events } = await hear(lines(program.hello(), program.thread(), ...turn), {}, { task: resumed })
    expect(events.filter(({ type }) => type === 'usage')).toEqual([
      { type: 'usage', model: 'm', inputTokens: 40, outputTokens: 2 },
    ])
  })

  it.each([
    ['is not there', program.error('seamark-thread', 'no rollout found for thread id s1')],
    ['is another', program.thread({ thread: { id: 's2' } })],
  ])('and %s says so', async (_, said) => {
    const { events } = await hear(lines(program.hello(), said, program.end()), {}, { task: resumed })
    expect(endOf(events)).toEqual({ completed: false, reason: 'resume' })
  })
})
