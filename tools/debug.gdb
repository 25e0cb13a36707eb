# SPDX-License-Identifier: MIT
# Commands for gdb on ws_audio_server or its core (docs/debugging.md): gdb -x tools/debug.gdb ...

define pool
  set $pool = &($arg0)
  set $slot = 0
  while $slot < $pool->cap
    if $pool->generation[$slot] & 1
      set $item = (struct $arg1 *)($pool->items + $slot * $pool->item_size)
      printf "%u.%u (struct $arg1 *)%p", $slot, $pool->generation[$slot], $item
      if $argc > 2
        printf " $arg2 = "
        output $item->$arg2
      end
      if $argc > 3
        printf ", $arg3 = "
        output $item->$arg3
      end
      printf "\n"
    end
    set $slot = $slot + 1
  end
end
document pool
pool POOL TYPE [MEMBER [MEMBER]]: the live objects of a struct pool, as slot.generation, pointer and members.
$item is the last one afterwards: print $item->state.
end

define timers
  set $queue = &($arg0)
  set $at = 0
  while $at < $queue->len
    printf "(struct timerq_entry *)%p due in %lld us\n", $queue->heap[$at], $queue->heap[$at]->due - (long long)($arg1)
    set $at = $at + 1
  end
end
document timers
timers QUEUE NOW: what is queued in a struct timerq, and how long after NOW it is due; the first is the next.
end
