-- id: Q07
-- title.zh: 规模单位不适用于该项目类型
-- title.en: The unit of scale does not go with the kind of project
-- audience: filer
-- severity: low
-- subject: project
-- needs: projects.kind, projects.scale_unit
-- items: scale, kind
-- reach: record
-- basis: practice
-- method.zh: 建设规模的单位应在填报声明为该项目类型允许的单位之中(units.toml)。
-- method.en: The unit of scale is among those that the declaration allows for the kind of project (units.toml).
-- why.zh: 单位不对,单位造价和面积就无法与同类比较。
-- why.en: With a wrong unit neither cost per unit nor area compares with other projects of the kind.
-- excludes.zh: 没有填写类型或单位的项目。
-- excludes.en: Projects without kind or unit.
-- says.zh: “{kind}”类项目的规模单位不应为“{unit}”
-- says.en: A project of the kind "{kind}" is not measured in "{unit}"
select p.project as subject, p.kind, p.scale_unit as unit
from projects p
left join allowed_units u on u.kind = p.kind and u.unit = p.scale_unit
where p.kind is not null and p.scale_unit is not null and u.unit is null
