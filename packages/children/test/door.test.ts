import { expect, it } from 'vitest'
import { opened } from './opened.ts'

it('answers what it is asked, refusals with their code and every problem', async () => {
  const { door, added, call, hear } = await opened()
  call(1, 'submit_items', { items: [{ id: 'a' }, { id: 'b' }] })
  const views = ['a', 'b'].map((id) => ({ id, item: `p-1-${id}`, status: 'running' }))
  expect(await hear()).toMatchObject({ id: 1, result: { structuredContent: { created: true, items: views } } })
  call(2, 'submit_items', { items: [{ id: 'bad' }] })
  const problems = [{ code: 'FORBIDDEN', place: { pointer: '/items/0' } }]
  expect(await hear()).toMatchObject({ id: 2, result: { isError: true, structuredContent: { code: 'FORBIDDEN', problems } } }) // prettier-ignore
  call(3, 'wait_for_items', { ids: ['b'], timeoutSeconds: 0.05 })
  expect(await hear()).toMatchObject({ id: 3, result: { structuredContent: { done: false, items: [views[1]] } } })
  call(4, 'wait_for_items', { ids: ['zz'] })
  expect(await hear()).toMatchObject({ id: 4, result: { isError: true, structuredContent: { code: 'NOT_FOUND' } } })
  call(5, 'submit_items', { items: [] })
  expect(await hear()).toMatchObject({ id: 5, result: { isError: true } })
  call(6, 'remove_items', {})
  expect(await hear()).toMatchObject({ id: 6 })
  expect(added).toHaveLength(2)
  await door.close()
})

it('says what is no message, and closes the connection', async () => {
  const { door, say, hear } = await opened()
  say({ some: 'thing' })
  expect(await hear()).toMatchObject({ id: null, error: { data: { code: 'INVALID_INPUT' } } })
  expect(await hear()).toBe('closed')
  await door.close()
})

it('ends with what waits in it', async () => {
  const { door, call, hear } = await opened()
  call(1, 'submit_items', { items: [{ id: 'a' }] })
  await hear()
  call(2, 'wait_for_items', { timeoutSeconds: 600 })
  await new Promise((done) => setTimeout(done, 50))
  await door.close()
  expect(await hear()).toBe('closed')
})
