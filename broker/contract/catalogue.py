"""One query on PostgreSQL's catalogue: the functions of schema `api`, with all types that they use."""

from typing import TypedDict

CATALOGUE = """
with published as (
    select function.*
    from pg_catalog.pg_proc as function
    where function.pronamespace = pg_catalog.to_regnamespace('api')
      and function.prokind = 'f'
      -- Read from the row, not asked of has_function_privilege: that sees an upgrade which this query does not.
      and exists (
          select
          from pg_catalog.aclexplode(
              coalesce(function.proacl, pg_catalog.acldefault('f', function.proowner))) as granted
          where granted.privilege_type = 'EXECUTE'
            and (granted.grantee = 0 or pg_catalog.pg_has_role(granted.grantee, 'usage')))
)
select
    (select coalesce(json_agg(json_build_object(
        'name', function.proname,
        'source', function.prosrc,
        'comment', pg_catalog.obj_description(function.oid, 'pg_proc'),
        'returns', function.prorettype::bigint,
        'returns_set', function.proretset,
        'input_count', function.pronargs,
        'default_count', function.pronargdefaults,
        'parameters', (
            select coalesce(json_agg(json_build_object(
                'name', coalesce(function.proargnames[parameter.position], ''),
                'mode', coalesce(function.proargmodes[parameter.position], 'i'),
                'type', parameter.type_oid::bigint,
                'default', pg_catalog.pg_get_function_arg_default(function.oid, parameter.position::integer)
            ) order by parameter.position), '[]'::json)
            from unnest(coalesce(function.proallargtypes, function.proargtypes::oid[]))
                with ordinality as parameter (type_oid, position))
        ) order by function.proname), '[]'::json)
     from published as function) as functions,
    (select coalesce(json_agg(json_build_object(
        'oid', type.oid::bigint,
        'schema', schema.nspname,
        'name', type.typname,
        'category', type.typcategory,
        'typtype', type.typtype,
        'base', type.typbasetype::bigint,
        'element', type.typelem::bigint,
        'labels', (
            select coalesce(json_agg(label.enumlabel order by label.enumsortorder), '[]'::json)
            from pg_catalog.pg_enum as label
            where type.typtype = 'e'
              and label.enumtypid = type.oid),
        'attributes', (
            select coalesce(json_agg(json_build_object(
                'name', attribute.attname,
                'type', attribute.atttypid::bigint
            ) order by attribute.attnum), '[]'::json)
            from pg_catalog.pg_attribute as attribute
            where type.typtype = 'c'
              and attribute.attrelid = type.typrelid
              and attribute.attnum > 0
              and not attribute.attisdropped)
        )), '[]'::json)
     from pg_catalog.pg_type as type
     join pg_catalog.pg_namespace as schema on schema.oid = type.typnamespace
     -- Every type that a procedure may use: the simple ones of PostgreSQL, and ours.
     where case schema.nspname
               when 'pg_catalog' then type.typtype in ('b', 'p')
               when 'pg_toast' then false
               when 'information_schema' then false
               else true
           end) as types
"""


class ParameterRow(TypedDict):
    """One argument in the answer of CATALOGUE."""

    name: str
    mode: str
    type: int
    default: str | None


class FunctionRow(TypedDict):
    """One function in the answer of CATALOGUE."""

    name: str
    source: str
    comment: str | None
    returns: int
    returns_set: bool
    input_count: int
    default_count: int
    parameters: list[ParameterRow]


class AttributeRow(TypedDict):
    """One attribute of a composite type in the answer of CATALOGUE."""

    name: str
    type: int


class TypeRow(TypedDict):
    """One type in the answer of CATALOGUE."""

    oid: int
    schema: str
    name: str
    category: str
    typtype: str
    base: int
    element: int
    labels: list[str]
    attributes: list[AttributeRow]
