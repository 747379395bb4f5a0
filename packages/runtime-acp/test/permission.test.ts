import type { AgentEvent } from '@seamark/core'
import { MOST_ANSWERS } from '@seamark/policy'
import { jsonLines as lines } from '@seamark/testing'
import { describe, expect, it } from 'vitest'
import { agent, hear } from './said.ts'

const run = (command: string) => ({ kind: 'execute', title: command, rawInput: { command } })
const opening = [agent.hello(), agent.session()]

describe('a request for a permission', () => {
  const answers = async (toolCall: Parameters<typeof agent.asks>[1], kinds?: readonly string[]) => {
    const { wrote, events } = await hear(
      lines(...opening, agent.asks(7, { toolCallId: 't', ...toolCall }, kinds), agent.end()),
    )
    const answer = events.find(({ type }) => type === 'allowance' || type === 'denial')
    return [answer && 'reason' in answer && `${answer.type} ${answer.reason}`, wrote[3]]
  }
  const chosen = (optionId: string) => ({
    jsonrpc: '2.0',
    id: 7,
    result: { outcome: { outcome: 'selected', optionId } },
  })

  it.each([
    [run('git status'), 'allowance listed', 'o-allow_once'],
    [{ kind: 'execute', rawInput: { command: 'git', args: ['status'] } }, 'allowance listed', 'o-allow_once'],
    [{ kind: 'execute', rawInput: { command: ['bash', '-lc', 'git status'] } }, 'allowance listed', 'o-allow_once'],
    [
      { kind: 'execute', rawInput: { command: ['bash', '-lc', 'git push'] } },
      'denial denied git push*',
      'o-reject_once',
    ],
    [{ kind: 'edit', rawInput: { path: 'a' } }, 'allowance contained', 'o-allow_once'],
    [run('git push'), 'denial denied git push*', 'o-reject_once'],
    [run('rm -rf /'), 'denial not-listed', 'o-reject_once'],
    [{ kind: 'execute', title: 'git status' }, 'denial unparsed', 'o-reject_once'],
    [{ title: 'some tool' }, 'denial unparsed', 'o-reject_once'],
    // Too long to be read whole.
    [run(`git status ${'x'.repeat(20_000)}`), 'denial unparsed', 'o-reject_once'],
  ])('for %j is answered: %s', async (toolCall, told, option) => {
    expect(await answers(toolCall)).toEqual([told, chosen(option)])
  })

  it('knows the command from the call that it belongs to', async () => {
    const { wrote } = await hear(
      lines(...opening, agent.uses('t', run('git push')), agent.asks(7, { toolCallId: 't' }), agent.end()),
    )
    expect(wrote[3]).toEqual(chosen('o-reject_once'))
  })

  it('is never allowed for ever, and void where it can not be rejected', async () => {
    expect(await answers(run('git status'), ['allow_always', 'reject_always'])).toEqual([
      'denial not-offered',
      chosen('o-reject_always'),
    ])
    expect((await answers(run('git push'), ['allow_always']))[1]).toMatchObject({
      result: { outcome: { outcome: 'cancelled' } },
    })
  })

  it('is denied after very many, and one who goes on is stopped', async () => {
    const asks = Array.from({ length: 2 * MOST_ANSWERS + 2 }, (_, n) =>
      agent.asks(n + 10, { toolCallId: `t${n}`, ...run(`git log ${n}`) }),
    )
    const { events } = await hear(lines(...opening, ...asks))
    const count = (type: AgentEvent['type']) => events.filter((event) => event.type === type).length
    expect([count('allowance'), count('denial'), events.at(-1)]).toEqual([
      MOST_ANSWERS,
      MOST_ANSWERS + 1,
      expect.objectContaining({ type: 'turn-end', completed: false, reason: 'denials' }),
    ])
  })
})
