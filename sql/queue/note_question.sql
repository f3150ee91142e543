create or replace function queue.note_question(p_caller auth.caller, p_now timestamptz)
returns void
language plpgsql volatile set search_path = ''
as $$
-- Keep of an agent that it has asked for work, at most once a minute: who is heard of and does not ask is deaf.
declare
    c_touch_after constant interval := interval '1 minute';      -- a write per question would cost a commit per poll
begin
    if p_caller.user_id is null then
        update data.token as token
        set last_claim_time = p_now
        where token.company_id = p_caller.company_id
          and token.token_id = (
              select due.token_id
              from data.token as due
              where due.company_id = p_caller.company_id
                and due.token_id = p_caller.token_id
                and coalesce(due.last_claim_time < p_now - c_touch_after, true)
              for update skip locked);
    end if;
end;
$$;
