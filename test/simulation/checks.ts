import { checkBounds } from './check-bounds.ts';
import { checkCustody } from './check-custody.ts';
import { checkLooks } from './check-looks.ts';
import { checkMoney } from './check-money.ts';
import { checkPace } from './check-pace.ts';
import { checkWords } from './check-words.ts';
import type { PlayedLife } from './play.ts';
import type { Violation } from './truth.ts';

/** All that was promised and did not hold in a life. */
export function checkLife(life: PlayedLife): readonly Violation[] {
  return [
    ...checkBounds(life),
    ...checkPace(life),
    ...checkCustody(life),
    ...checkWords(life),
    ...checkMoney(life),
    ...checkLooks(life),
  ];
}
