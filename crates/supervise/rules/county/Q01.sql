-- id: Q01
-- title.zh: 应填信息项为空
-- title.en: A required item is empty
-- audience: filer
-- severity: medium
-- subject: project
-- key: item
-- reach: record
-- basis: practice
-- method.zh: 按项目所处阶段,逐项核对填报声明中适用且必填的信息项;任何一项没有填写即提示。某项只在特定情形下适用时(如公告期只适用于竞争性采购),不适用的项目不提示。
-- method.en: Every item that the declaration of the filing requires at the project's stage, and that applies to it, must be filled. Items that apply only in certain cases (a tender period only where there is competition) are asked for only there.
-- why.zh: 信息缺失使后续比对无法进行;长期空缺的资料往往正是没有办理或无法提供的资料。
-- why.en: What is missing cannot be compared; papers that stay missing are often those that were never made.
-- excludes.zh: 项目尚未进入必填阶段的信息项;声明中不适用于该项目的信息项。
-- excludes.en: Items required only from a later stage, and items that the declaration says do not apply.
-- says.zh: 必填信息项“{item}”没有填写
-- says.en: The required item "{item}" is empty
select
    project as subject,
    item,
    category,
    make_array(item) as items
from items
where applies and required and not filled
