/** How it looks, and to whom: both views in both schemes, on a phone and on a desk, for axe and for the eye; directions, and motion. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessible, decided, names, shot, skip, type, visit } from './visit.mjs'

for (const colorScheme of ['light', 'dark']) {
  for (const width of [360, 1280]) {
    test(`axe finds nothing: ${colorScheme}, ${width} px`, { skip }, async () => {
      await visit({ viewport: { width, height: 800 }, colorScheme }, async page => {
        await page.locator('summary', { hasText: 'Engine' }).click()
        await page.getByRole('button', { name: 'Redact', exact: true }).click()
        await page.locator('.pair summary').click()
        await accessible(page)
        await shot(page, `try-${colorScheme}-${width}`)
        await decided(page)
        await accessible(page)
        await shot(page, `how-${colorScheme}-${width}`)
        await page.locator('.source').first().click()
        await page.locator('dialog pre').waitFor()
        await accessible(page)
        await shot(page, `source-${colorScheme}-${width}`)
      })
    })
  }
}

test('text from right to left, and both at once', { skip }, async () => {
  await visit({}, async page => {
    await type(
      page,
      'אתמול נפגשה Angela Merkel עם Tim Cook במשרדי Apple בברלין.\n\nTim Cook left Berlin for Paris.\n\nزار Bill Gates مدينة London أمس.',
    )
    const found = await names(page)
    assert.ok(found.some(name => name.startsWith('Berlin ')))
    // Each line has the direction of its first letter, in the text area and in its copy alike.
    const directions = await page.evaluate(() =>
      ['#text', '.behind > div'].map(each => {
        const { direction, unicodeBidi, textAlign } = getComputedStyle(document.querySelector(each))
        return [direction, unicodeBidi, textAlign]
      }),
    )
    assert.deepEqual(directions[0], ['rtl', 'plaintext', 'start'])
    assert.deepEqual(directions[1], directions[0])
    await accessible(page)
    await shot(page, 'right-to-left')
    await type(page, '')
    assert.equal(await page.locator('.nothing').innerText(), 'Names appear here as the text is read.')
    await shot(page, 'empty')
  })
})

test('nothing moves for who asked for less motion', { skip }, async () => {
  await visit({ reducedMotion: 'reduce' }, async page => {
    for (const view of ['try', 'how']) {
      if (view === 'how') await decided(page)
      await page.locator('button:visible').first().hover()
      const moving = await page.evaluate(() => [
        ...document.getAnimations().map(animation => animation.constructor.name),
        ...[...document.querySelectorAll('*')]
          .filter(element => {
            const { transitionDuration, animationName, scrollBehavior } = getComputedStyle(element)
            return (
              !/^(?:0s(?:, )?)+$/.test(transitionDuration) || animationName !== 'none' || scrollBehavior === 'smooth'
            )
          })
          .map(element => element.tagName),
      ])
      assert.deepEqual(moving, [])
    }
    await shot(page, 'less-motion')
  })
})

test('what is read out does not chatter', { skip }, async () => {
  await visit({}, async page => {
    await page.waitForFunction(() => document.querySelector('.unseen[role=status]').innerText !== '')
    await page.evaluate(() => {
      globalThis.said = []
      const region = document.querySelector('.unseen[role=status]')
      new MutationObserver(() => globalThis.said.push(region.innerText)).observe(region, {
        subtree: true,
        childList: true,
        characterData: true,
      })
    })
    await page.fill('#text', '')
    await page.locator('#text').pressSequentially('Ada Lovelace lived in London and Paris', { delay: 60 })
    await page.waitForFunction(() => globalThis.said.length > 0)
    assert.deepEqual(await page.evaluate(() => globalThis.said), ['3 names found'])
    await shot(page, 'settled')
  })
})
