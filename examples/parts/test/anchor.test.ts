import { registerSaboteurs, registerSuite, underTraits } from '@seamark/conformance'
import { anchorSuite } from '@seamark/conformance/anchor'
import { describe, expect, it } from 'vitest'
import { gitAnchor } from '../src/anchor/git-anchor.ts'
import { subject } from '../src/anchor/subject.ts'

registerSuite(anchorSuite, subject, { describe, it })
registerSaboteurs(anchorSuite, subject, { describe, it })
registerSuite(underTraits(anchorSuite, subject), subject, { describe, it })

describe('the repository', () => {
  it.each(['https://user:token@example.org/log.git', '--upload-pack=id'])('is not %s', (repository) => {
    expect(() => gitAnchor({ repository, dir: '/nowhere' })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
  })
})
