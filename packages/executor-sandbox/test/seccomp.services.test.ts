import { expect, it } from 'vitest'
import { committedNumbers, installedNumbers } from './support/headers.ts'

it('the committed numbers of system calls are those of the kernel’s headers', () => {
  const installed = Object.entries(installedNumbers())
  expect(installed.length).toBeGreaterThan(0)
  const committed = new Map(Object.entries(committedNumbers()))
  for (const [arch, numbers] of installed) {
    const ours = committed.get(arch) ?? {}
    // Older and newer headers have fewer and more calls; what has a number keeps it.
    const shared = Object.keys(ours).filter((name) => name in numbers)
    expect(shared.length).toBeGreaterThan(250)
    for (const name of shared) expect([arch, name, numbers[name]]).toEqual([arch, name, ours[name]])
  }
})
