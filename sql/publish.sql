-- Last step of every installation: check each function of api against its header, publish the headers as documentation,
-- and grant execute. A function that breaks a rule stops the installation; nothing of it is kept.

do $publish$
declare
    v_function   record;
    v_header     text;
    v_code       text;
    v_callers    text[];
    v_complaint  text;
    v_line       text;
    v_section    text;
    v_documented text[];
    v_missing    text;
    v_folder     text;
begin
    delete from data.procedure;

    for v_function in
        select routine.oid, routine.proname as name, routine.prosecdef, routine.proconfig, routine.prosrc,
               routine.oid::regprocedure as signature,
               (select count(*) from pg_proc as other
                where other.pronamespace = routine.pronamespace and other.proname = routine.proname) as count,
               array(
                   select lower(left(words.name, 1)) || substring(replace(initcap(replace(words.name, '_', ' ')), ' ', '') from 2)
                   from unnest(
                       routine.proargnames[1:cardinality(coalesce(routine.proallargtypes, routine.proargtypes::oid[]))],
                       coalesce(routine.proallargtypes, routine.proargtypes::oid[]),
                       coalesce(routine.proargmodes, array_fill('i'::"char", array[routine.pronargs::integer])))
                       as argument (argument_name, type_id, mode)
                   cross join lateral (select regexp_replace(argument.argument_name, '^p_', '') as name) as words
                   where argument.mode = 'i'
                     -- These come from the broker, not from the caller.
                     and argument.type_id::regtype::text not in ('data.new_claim', 'data.idempotency_key')
                     and argument.type_id::regtype::text not like 'data.%\_material') as arguments
        from pg_proc as routine
        where routine.pronamespace = 'api'::regnamespace
        order by routine.proname
    loop
        v_header := coalesce(substring(v_function.prosrc from '^\s*((?:--[^\n]*\n)+)'), '');
        v_code := regexp_replace(v_function.prosrc, '--[^\n]*', '', 'g');
        v_callers := string_to_array(replace(coalesce(substring(v_header from '-- Callers: ([^\n]*)'), ''), ' ', ''), ',');

        v_documented := '{}';
        v_section := '';
        foreach v_line in array string_to_array(v_header, E'\n') loop
            v_section := coalesce(substring(v_line from '^-- (\w+):'), v_section);
            if v_section = 'Arguments' and v_line ~ '^--   \w+  ' then
                v_documented := v_documented || substring(v_line from '^--   (\w+)');
            end if;
        end loop;

        select string_agg(code, ', ')
        into v_missing
        from (select distinct (regexp_matches(v_code, 'errcode = ''(JB\d{3})''', 'g'))[1] as code) as raised
        where v_header !~ ('--   ' || code || '  ');

        v_complaint := case
            when v_header = '' then 'has no header'
            when v_function.count > 1 then 'is overloaded'
            when not v_function.prosecdef then 'is not security definer'
            when not coalesce(v_function.proconfig, '{}') && array['search_path=""', 'search_path=pg_catalog, pg_temp']
                then 'does not pin search_path = '''''
            when v_code !~ '^\s*(#variable_conflict use_column\s+)?(declare\s+v_caller\s+auth\.caller := auth\.enter_call\(\);|begin\s+perform auth\.enter_call\(\);)'
                then 'does not begin with auth.enter_call()'
            when cardinality(v_callers) = 0 or not v_callers <@ array['anyone', 'sessions', 'pending', 'users', 'administrators', 'agents']
                then 'has no line "Callers:" of anyone, sessions, pending, users, administrators, agents'
            when not (v_documented @> v_function.arguments and v_documented <@ v_function.arguments) then format(
                'has a header whose arguments (%s) are not those of its signature (%s)',
                array_to_string(v_documented, ', '), array_to_string(v_function.arguments, ', '))
            when v_missing is not null then format('raises %s, which its header does not list', v_missing)
        end;
        if v_complaint is not null then
            raise exception 'api.% %', v_function.name, v_complaint;
        end if;

        -- Documented under the folder of its file: sql/api/<folder>/<function>.sql.
        select substring(file.path from '^api/(.+)/')
        into v_folder
        from data.installed_file as file
        where file.path ~ ('^api/.+/' || v_function.name || '\.sql$');
        execute format('comment on function %s is %L', v_function.signature,
            btrim(regexp_replace(v_header, '(^|\n)-- ?', '\1', 'g'), E'\n') || coalesce(E'\n\nGroup: ' || v_folder, ''));

        -- Re-planning costs a claim nearly half its time; but a plan made while a table was empty reads it whole, and is kept. So
        -- procedures plan once, and may only go from row to row by index, in the order in which their joins are written. One that
        -- wants other plans says so itself.
        if not v_function.proconfig::text ~ 'plan_cache_mode' then
            foreach v_line in array array['plan_cache_mode = force_generic_plan', 'enable_seqscan = off', 'enable_bitmapscan = off',
                                          'enable_hashjoin = off', 'enable_mergejoin = off', 'join_collapse_limit = 1'] loop
                execute format('alter function %s set %s', v_function.signature, v_line);
            end loop;
        end if;

        insert into data.procedure (
            procedure_name, permission_name, for_anyone, for_sessions, for_pending, for_users, for_administrators, for_agents)
        values (
            v_function.name,
            coalesce(
                substring(v_header from '-- Permission: (\w+)'),
                substring(v_header from '-- Name: (\w+)'),
                replace(initcap(replace(v_function.name, '_', ' ')), ' ', '')),
            'anyone' = any(v_callers), 'sessions' = any(v_callers), 'pending' = any(v_callers), 'users' = any(v_callers),
            v_callers && array['administrators', 'users'], 'agents' = any(v_callers));
    end loop;

    -- Who may list may count: both are one call.
    update data.procedure as counting
    set permission_name = listing.permission_name
    from pg_proc as routine
    join data.procedure as listing on listing.procedure_name = routine.proname
    where routine.pronamespace = 'api'::regnamespace
      and counting.procedure_name = substring(routine.prosrc from '-- Counts: (\w+)');

    -- A path that does not name pg_temp begins with it: who may execute one of these functions could make a temporary type `text`
    -- whose check runs as their owner. So wherever the path is pinned to nothing, it is pinned to this.
    for v_function in
        select routine.oid::regprocedure as signature, routine.prosecdef, routine.proconfig
        from pg_proc as routine
        where routine.pronamespace = any(array['data', 'auth', 'keyring', 'queue', 'api', 'maintenance']::regnamespace[])
          and (routine.prosecdef or routine.proconfig @> array['search_path=""'])
          and not coalesce(routine.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']
    loop
        if not coalesce(v_function.proconfig, '{}') @> array['search_path=""'] then
            raise exception '% is security definer and does not pin search_path = ''''', v_function.signature;
        end if;
        execute format('alter function %s set search_path = pg_catalog, pg_temp', v_function.signature);
    end loop;
end;
$publish$;

revoke all on all functions in schema data, auth, keyring, queue, api, maintenance from public;
revoke all on all tables in schema data from public;

grant usage on schema api, keyring, data to broker_app;
grant execute on all functions in schema api, keyring to broker_app;

grant usage on schema maintenance to broker_scheduler;
grant execute on all functions in schema maintenance to broker_scheduler;

grant usage on schema api, auth, data to broker_admin;
grant execute on all functions in schema api to broker_admin;
grant execute on function auth.act_as(text, text) to broker_admin;

analyze data.procedure;
