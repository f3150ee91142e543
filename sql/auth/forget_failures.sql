create or replace function auth.forget_failures(p_email text)
returns void
language sql volatile set search_path = ''
as $$
-- The owner of an account has shown all that it takes: its count begins anew. What his network and his domain have on theirs
-- stays: it may have been others.
delete from data.brake as brake
where brake.subject_kind = 'account'
  and brake.subject = lower(p_email);
$$;
